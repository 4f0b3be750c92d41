import numpy as np
import pandas as pd

from lib.report import tables


def test_numbers_are_rounded_and_heads_keep_their_capitals():
    table = pd.DataFrame({"AMI with noise": [0.12345, np.nan], "language": [-0.5, 1.0]}, ["a", "b"])
    shown = tables.rounded(table, "Method")
    assert shown.columns.tolist() == ["Method", "AMI with noise", "Language"]
    assert shown.to_numpy().tolist() == [["a", "0.123", "-0.500"], ["b", "", "1.000"]]
