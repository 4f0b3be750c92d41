import pandas as pd
import pytest

from lib import ROOT, catalogue
from lib.catalogue import Method
from lib.clustering import ALGORITHMS
from lib.evaluation.partition import METRICS


@pytest.mark.parametrize(
    ("method", "title", "noun"),
    [
        (Method("pca"), "PCA", "PCA under k-means"),
        (Method("beta_vae", "agglomerative", 4.0), "VAE, beta 4, Ward",
         "the VAE at β = 4 under Ward's method"),
        (Method("vade", "mixture"), "VaDE, own mixture", "VaDE under its own mixture"),
        (Method("mine", "mine too", 1.0), "mine, mine too", "mine under mine too"),
        (Method("raw", "random"), "Random labels", "the raw features under random labels"),
    ],
)  # fmt: skip
def test_methods_have_titles_and_nouns(method, title, noun):
    assert (method.title, method.noun) == (title, noun)


def test_beta_tells_methods_apart_in_a_sweep_alone():
    assert Method("vae", beta=1.0) == Method("vae") == Method("vae", beta=float("nan"))
    assert Method("beta_vae", beta=1.0) != Method("beta_vae", beta=4.0)
    rows = pd.DataFrame({"representation": ["vae", "vae", "beta_vae", "beta_vae"],
                         "algorithm": "kmeans", "beta": [1.0, 1.0, 1.0, 4.0],
                         "seed": [0, 1, 0, 0]})  # fmt: skip
    assert Method("vae").among(rows).index.tolist() == [0, 1]
    assert Method("beta_vae", beta=4.0).among(rows)["beta"].tolist() == [4.0]


def test_every_score_has_a_function():
    assert set(METRICS) == set(catalogue.SCORES)
    assert set(catalogue.EXTERNAL) == {
        k for k, s in catalogue.SCORES.items() if s.needs == "labels"
    }


def test_every_algorithm_has_a_name():
    assert list(ALGORITHMS) == list(catalogue.ALGORITHMS)
    assert catalogue.algorithm_name("spectral").title == "Spectral clustering"
    assert catalogue.title("spectral") == "Spectral features"


def test_the_makefile_lists_the_corpora_of_the_catalogue():
    lists = [line for line in (ROOT / "Makefile").open() if line.startswith("CORPORA := ")]
    assert [line.split()[2:] for line in lists] == [list(catalogue.CORPORA)]
