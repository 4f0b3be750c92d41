import numpy as np
import pytest
import torch

from lib.errors import UserError
from lib.training import Tracks

X = np.arange(12.0).reshape(4, 3)
CONDITION = np.eye(4)[:, :2]
INDEX = torch.tensor([[0, 2], [3, 3]])


def test_features_alone_reach_a_network_as_a_tensor_and_several_arrays_by_name():
    alone, named = Tracks.of(X), Tracks.of({"x": X, "condition": CONDITION})
    assert len(alone) == len(named) == 4
    assert alone.batch(INDEX).tolist() == X[INDEX].tolist()
    batch = named.batch(INDEX)
    assert list(batch) == ["x", "condition"]
    assert batch["condition"].tolist() == CONDITION[INDEX].tolist()
    assert Tracks.of(named) is named
    assert Tracks.of(X).shape == {"x": [4, 3]}


def test_chunks_are_all_tracks_in_order():
    x = np.arange(2500.0)[:, None]
    parts = list(Tracks.of(x).chunks())
    assert len(parts) == 3 and all(part.shape[0] == 1 for part in parts)
    assert torch.equal(torch.cat(parts, dim=1)[0], torch.tensor(x, dtype=torch.float32))


def test_what_becomes_of_the_arrays_later_does_not_matter():
    x = X.copy()
    tracks = Tracks.of(x)
    x[:] = 0
    assert tracks.batch(INDEX).tolist() == X[INDEX].tolist()


def test_the_fingerprint_changes_with_any_number_shape_or_name():
    different = [
        {"x": X},
        {"x": X + np.eye(4, 3) * 1e-3},
        {"x": X.reshape(4, 1, 3)},
        {"y": X},
        {"x": X, "condition": CONDITION},
    ]
    prints = [Tracks(arrays).fingerprint for arrays in different]
    assert len(set(prints)) == len(prints)
    assert Tracks.of(X.copy()).fingerprint == prints[0]


@pytest.mark.parametrize(
    "data, message",
    [
        ({"a": X, "b": X[:3]}, r"the same tracks, .*'a': \[4, 3\], 'b': \[3, 3\]"),
        (X[:2], "three or more"),
        ({}, "the same tracks"),
        (np.where(X == 7, np.nan, X), r"x has NaN or infinity in rows \[2\]"),
        ({"x": X, "condition": CONDITION * np.nan}, r"condition has NaN or infinity in rows \[0,"),
    ],
)
def test_arrays_that_are_no_tracks_are_refused(data, message):
    with pytest.raises(UserError, match=message):
        Tracks.of(data)
