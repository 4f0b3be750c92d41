import pytest

from lib.errors import UserError
from lib.settings import Settings, SweepSettings

DEFAULTS = {
    "corpus": "demo", "data_dir": "", "seeds": 5, "latent_dim": 16, "epochs": 100,
    "n_clusters": 0, "device": "auto", "results_dir": "",
}  # fmt: skip


def test_the_notebook_names_are_read_and_numbers_are_whole():
    settings = Settings.from_notebook({**DEFAULTS, "seeds": 3.0, "other": 1, "In": ["x = 1"]})
    assert settings.seeds == 3 and isinstance(settings.seeds, int)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seeds", 0), ("seeds", "five"), ("seeds", True), ("seeds", 2.5), ("seeds", float("inf")),
        ("seeds", None), ("epochs", -1), ("latent_dim", 0), ("n_clusters", 1), ("n_clusters", -2),
        ("device", "gpu"), ("corpus", " "), ("latent_dim", 2561), ("seeds", 10**9),
        ("epochs", 1e300),
    ],
)  # fmt: skip
def test_impossible_values_are_named_in_one_line(name, value):
    with pytest.raises(UserError, match=name) as error:
        Settings(**{**DEFAULTS, name: value})
    assert "\n" not in str(error.value)


def test_a_name_that_papermill_injected_in_vain_is_refused():
    cells = ["seeds: int = 5", "# Parameters\nseed = 7\nepochs = 3\n"]
    with pytest.raises(UserError, match=r"no parameter 'seed'; it has corpus,"):
        Settings.from_notebook({**DEFAULTS, "In": cells})


def test_an_error_of_the_user_shows_as_its_line():
    assert UserError("seeds must be 1")._render_traceback_() == ["UserError: seeds must be 1"]


def test_results_go_where_they_are_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSIC_RESULTS", str(tmp_path))
    assert Settings(**DEFAULTS).folder == tmp_path / "demo"
    assert Settings(**{**DEFAULTS, "corpus": "/my/music/"}).folder == tmp_path / "music"
    assert Settings(**{**DEFAULTS, "results_dir": "/there"}).folder.as_posix() == "/there"


@pytest.mark.parametrize("corpus", ["/x/gtzan", "/x/demo/", "elsewhere/../fma"])
def test_a_folder_with_the_name_of_a_corpus_needs_another_place(corpus):
    with pytest.raises(UserError, match="rename it, or set results_dir"):
        Settings(**{**DEFAULTS, "corpus": corpus})
    assert Settings(**{**DEFAULTS, "corpus": corpus, "results_dir": "x"}).folder.name == "x"


SWEEP = {**DEFAULTS, "betas": "0.5,1,2,4,10", "beta": 4.0}


def test_the_beta_looked_at_joins_the_sweep():
    assert SweepSettings(**SWEEP).betas == (0.5, 1, 2, 4, 10)
    assert SweepSettings(**{**SWEEP, "beta": 3}).betas == (0.5, 1, 2, 3, 4, 10)
    assert SweepSettings(**{**SWEEP, "betas": 1, "beta": "0.1"}).betas == (0.1, 1)
    assert SweepSettings(**{**SWEEP, "betas": [8, 2]}).betas == (2, 4, 8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beta", 0), ("beta", -1), ("beta", "four"), ("beta", None), ("beta", True),
        ("beta", float("inf")), ("beta", float("nan")), ("betas", ""), ("betas", "1;2"),
        ("betas", "1,,2"), ("betas", "1,-2"), ("betas", [1, None]),
    ],
)  # fmt: skip
def test_a_beta_that_is_no_positive_number_is_named(name, value):
    with pytest.raises(UserError, match=f"{name}: .* is no positive number"):
        SweepSettings(**{**SWEEP, name: value})
