import numpy as np
import pandas as pd
import pytest

from lib.corpora import demo
from lib.corpora.demo import writing
from lib.errors import UserError
from lib.evaluation import disentanglement, knowledge
from lib.report import sentences, tables
from lib.study import factors
from lib.study.representation import Representation


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    return home


@pytest.fixture(scope="module")
def small(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factors, "ROOT", home)
        patch.setattr(factors, "N_CLIPS", 60)
        yield factors.load(home / "data", cache=home / "cache")


def test_features_come_standardised_with_the_factors_they_were_made_from(small):
    assert list(small.levels) == list(demo.FACTORS)
    assert len(small.features) == len(small.levels) == 60
    assert (small.features.index == small.levels.index).all()
    assert small.inputs.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert small.inputs.std(axis=0) == pytest.approx(1)
    composed = writing.compose("factors", "factors", 7, 5.0, 0)
    assert small.levels.loc["factors.00007"].tolist() == [
        str(composed.factors[name]) for name in demo.FACTORS
    ]


def test_the_features_know_the_factors(small):
    known = knowledge({"features": small.inputs[None]}, small.attributes)
    gain = known.loc["features"] - known.loc["chance"]
    assert gain[["register", "vocal", "rhythm"]].min() > 0.2


def test_the_oracle_is_the_ceiling(small):
    rows = factors.evaluate([Representation("factors", small.oracle)], small.levels)
    assert rows[["mig", "disentanglement", "completeness"]].min().min() > 0.9


def test_a_split_that_lies_elsewhere_is_used_and_not_composed_again(
    small, home, tmp_path, monkeypatch
):
    monkeypatch.setattr(factors, "ROOT", tmp_path)
    monkeypatch.setattr(factors, "N_CLIPS", 60)
    before = (home / "data" / "demo_factors" / "corpus.json").stat().st_mtime_ns
    again = factors.load(home / "data", cache=home / "cache")
    pd.testing.assert_frame_equal(again.features, small.features)
    assert (home / "data" / "demo_factors" / "corpus.json").stat().st_mtime_ns == before
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(factors, "ROOT", tmp_path)
    (tmp_path / "data").write_text("a file in the way")
    (tmp_path / "music").mkdir()
    with pytest.raises(UserError, match="demo_factors"):
        factors.load(tmp_path / "music", cache=tmp_path / "cache")


def test_every_member_has_a_row_and_a_broken_one_has_no_scores(small):
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((3, 60, 4))
    codes[1, 0, 0] = np.nan
    wide = Representation("pca", rng.standard_normal((1, 60, 6)))
    rows = factors.evaluate([Representation("vae", codes), wide], small.levels)
    assert rows["space"].tolist() == ["VAE"] * 3 + ["PCA"]
    assert rows["seed"].tolist() == [0, 1, 2, 0]
    assert rows.loc[1, list(disentanglement.MEASURES)].isna().all()
    assert rows.drop(1)[list(disentanglement.MEASURES)].notna().all(axis=None)
    alone = disentanglement.score(codes[2], small.levels)
    assert rows.loc[2, list(disentanglement.MEASURES)].to_dict() == pytest.approx(alone)


def test_the_table_gives_means_and_intervals_in_the_order_of_the_rows():
    rows = pd.DataFrame({"space": ["b", "b", "a"], "seed": [0, 1, 0]})
    for name in disentanglement.MEASURES:
        rows[name] = [0.1, 0.3, 0.5]
    table = tables.disentanglement(rows)
    assert table["Space"].tolist() == ["b", "a"]
    assert list(table)[1:3] == ["MIG", "SAP"]
    assert table["MIG"][0].startswith("0.200") and "±" in table["MIG"][0]
    assert table["MIG"][1].startswith("0.500")


ALIVE = {"r2": 0.7, "kl": 4.0, "active_units": 9}


def test_disentanglement_is_correlated_seed_by_seed():
    betas, seeds = np.meshgrid([0.5, 1, 2, 4, 10], range(5))
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"beta": betas.ravel(), "seed": seeds.ravel()})
    rows = rows.assign(representation="beta_vae", algorithm="kmeans")
    rows["ami"] = np.log(rows["beta"]) + 0.1 * rng.normal(size=25) + 3 * rows["seed"]
    rows = rows.assign(**ALIVE)
    measures = rows[["beta", "seed"]].assign(
        space="x", goes_with=np.log(rows["beta"]), against=-rows["beta"], chance=rng.random(25),
        constant=1.0,
    )  # fmt: skip
    measures.loc[len(measures)] = measures.iloc[0].to_dict() | {"beta": np.nan, "space": "PCA"}
    found = factors.correlate(measures, rows, "ami").set_index("measure")
    assert found.loc["goes_with", "mean"] > 0.9 and found.loc["against", "mean"] < -0.9
    assert found.loc[["goes_with", "against"], "clear"].all()
    assert found["low"].min() >= -1 and found["high"].max() <= 1
    assert not found.loc["chance", "clear"] and np.isnan(found.loc["constant", "mean"])
    text = sentences.disentanglement(found.reset_index()).data
    assert "goes_with +" in text and "constant" not in text and "collapsed" not in text
    nothing = pd.DataFrame(columns=["space", "beta", "seed", "mig"])
    assert factors.correlate(nothing, rows, "ami")["mean"].isna().all()


@pytest.mark.parametrize(
    ("n_betas", "n_seeds", "clear"), [(5, 5, True), (2, 5, False), (5, 1, False)]
)
def test_seeds_that_all_agree_are_clear_unless_chance_makes_them_agree(n_betas, n_seeds, clear):
    betas, seeds = np.meshgrid([0.5, 1, 2, 4, 10][:n_betas], range(n_seeds))
    rows = pd.DataFrame({"beta": betas.ravel(), "seed": seeds.ravel()})
    rows = rows.assign(representation="beta_vae", algorithm="kmeans", ami=-rows["beta"], **ALIVE)
    measures = rows[["beta", "seed"]].assign(mig=rows["beta"])
    diverged = measures.iloc[:1].assign(beta=20.0, mig=np.nan)
    measures, rows = pd.concat([measures, diverged]), pd.concat([rows, rows[:1].assign(beta=20)])
    found = factors.correlate(measures, rows, "ami").set_index("measure").loc["mig"]
    assert found["mean"] == pytest.approx(-1) and found["clear"] == clear


@pytest.mark.parametrize(("dead_from", "left"), [(4, 3), (2, 2)])
def test_what_collapse_alone_correlates_is_told_apart(dead_from, left):
    """Where networks live, the measure and the score have nothing in common."""
    betas, seeds = np.meshgrid([0.5, 1, 2, 4, 10], range(5))
    rows = pd.DataFrame({"beta": betas.ravel(), "seed": seeds.ravel()})
    rows = rows.assign(representation="beta_vae", algorithm="kmeans", **ALIVE)
    dead = rows["beta"] >= dead_from
    rows.loc[dead, "active_units"] = 0
    rng = np.random.default_rng(0)
    rows["ami"] = np.where(dead, 0, 0.2) + 0.01 * rng.random(25)
    measures = rows[["beta", "seed"]].assign(mig=np.where(dead, 0, 0.2) + 0.01 * rng.random(25))
    table = factors.correlate(measures, rows, "ami")
    # the same where it is the networks that are measured that have collapsed
    known = measures.assign(health=np.where(dead, "collapsed", "healthy"))
    other = factors.correlate(known, rows.assign(**ALIVE), "ami")
    pd.testing.assert_frame_equal(table, other)
    found = table.iloc[0]
    assert found["mean"] > 0.5 and found["clear"] and found["collapsed"] == 5 * (5 - left)
    assert not found["alive_clear"]
    text = sentences.disentanglement(table.assign(collapsed=1)).data
    assert "Without the one network that has collapsed, " in text
    text = sentences.disentanglement(table).data
    if left == 3:
        left = f"{found['alive_mean']:+.2f}".replace("-", "−")
        assert f"Without the 10 networks that have collapsed, they are MIG {left}" in text
        assert "none of them clear of zero" in text
    else:
        assert np.isnan(found["alive_mean"]) and "most of this may be collapse alone" in text
