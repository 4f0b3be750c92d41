import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lib import figures, training
from lib.inspection import sweep, traversal
from lib.models.autoencoder import VAE
from lib.report import sentences
from lib.training import Architecture, grid

ARCHITECTURE = Architecture(VAE, n_features=8, latent_dim=4, hidden=(16,))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 2)) @ rng.normal(size=(2, 8)) + 0.1 * rng.normal(size=(150, 8))
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


@pytest.fixture(scope="module")
def trained(data):
    return training.train(ARCHITECTURE, data, **grid([0, 1], [100, 0.5]), epochs=80, device="cpu")


def test_rates_are_the_health_rows_and_the_sums_over_dimensions(trained):
    table, dimensions = sweep.table(trained), sweep.dimensions(trained)
    assert list(table["beta"]) == [0.5, 0.5, 100, 100]
    assert list(table["seed"]) == [0, 1, 0, 1]
    for m, network in enumerate(run.settings for run in trained.runs):
        beta, seed = network.beta, network.seed
        row = table[(table["beta"] == beta) & (table["seed"] == seed)].iloc[0]
        own = dimensions[(dimensions["beta"] == beta) & (dimensions["seed"] == seed)]
        assert own["kl"].sum() == pytest.approx(row["rate"], rel=1e-4)
        assert own["active"].sum() == row["active_units"]
        assert (np.diff(own["kl"]) <= 0).all()
        assert list(own["rank"]) == [1, 2, 3, 4]
        assert own["variance"].mean() == pytest.approx(row["variance"], rel=1e-4)
        variances = trained.z[m].var(axis=0)[own["dimension"]]
        assert own["variance"].to_numpy() == pytest.approx(variances)


def test_a_crushed_code_pays_all_variance_as_distortion(trained, data):
    table = sweep.table(trained).groupby("beta").mean(numeric_only=True)
    verdicts = sweep.table(trained).groupby("beta")["verdict"].unique()
    assert list(verdicts[0.5]) == ["healthy"]
    assert list(verdicts[100]) == ["collapsed"]
    half_the_variance = 0.5 * data.var(axis=0).sum()
    assert table.loc[100, "distortion"] == pytest.approx(half_the_variance, rel=0.05)
    assert table.loc[100, "rate"] < 0.1
    assert table.loc[0.5, "distortion"] < 0.4 * half_the_variance
    assert table.loc[0.5, "variance"] > 10 * table.loc[100, "variance"]


def test_distortion_is_the_expected_error_over_the_posterior(trained, data):
    row = sweep.table(trained).iloc[0]
    m = next(
        m for m, b in enumerate(trained.runs) if (b.settings.beta, b.settings.seed) == (0.5, 0)
    )
    rng = np.random.default_rng(0)
    z, deviation = trained.z[m], np.exp(0.5 * trained.logvar[m])
    draws = [
        0.5 * np.square(trained.decode(z + deviation * rng.normal(size=z.shape))[m] - data).sum(1)
        for _ in range(50)
    ]
    assert row["distortion"] == pytest.approx(np.mean(draws), rel=0.1)
    at_mean = 0.5 * np.square(trained.reconstruct()[m] - data).sum(1).mean()
    assert row["distortion"] > 1.2 * at_mean


def test_titles_follow_the_betas(trained):
    titles = sweep.titles(sweep.table(trained))
    assert titles == {0.5: "β 0.5", 100: "β 100 (collapsed)"}


def test_scores_are_those_of_the_member_s_own_beta_and_seed(trained):
    table = sweep.table(trained)
    rows = table[["beta", "seed"]].assign(
        representation="beta_vae", algorithm="kmeans", silhouette=[0.1, 0.2, 0.3, 0.4],
        silhouette_shared=0.0, ami=[0.5, 0.6, 0.7, 0.8],
    )  # fmt: skip
    other = rows.assign(algorithm="dbscan", silhouette=9.0)
    joined = sweep.with_scores(table, pd.concat([other, rows.iloc[::-1][:3]]))
    assert list(joined["silhouette"][1:]) == [0.2, 0.3, 0.4]
    assert list(joined["ami"][1:]) == [0.6, 0.7, 0.8]
    assert np.isnan(joined["silhouette"][0])
    with pytest.raises(pd.errors.MergeError):
        sweep.with_scores(table, pd.concat([rows, rows]))


def story(silhouette, ami, r2, active, shared=(0.2, 0.2), seeds=4, spread=0.01):
    """Make a sweep of two betas with given means and a little luck for each seed."""
    luck = spread * np.linspace(-1, 1, seeds)
    rows = [
        {
            "beta": beta, "seed": seed, "silhouette": silhouette[b] + luck[seed],
            "ami": ami[b] - (1 + b) * luck[seed], "silhouette_shared": shared[b] + luck[seed] / 2,
            "r2": r2[b] - luck[seed], "active_units": active[b], "rate": 1.0,
            "correlation": 0.1, "verdict": "collapsed" if r2[b] < 0.1 else "healthy",
        }
        for b, beta in enumerate((1.0, 10.0)) for seed in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


DYING = {"silhouette": (0.1, 0.5), "ami": (0.3, 0.1), "r2": (0.8, 0.05), "active": (8, 1)}


@pytest.mark.parametrize("seeds", [1, 4])
def test_a_silhouette_that_rises_as_the_model_dies_is_found(seeds):
    facts = sweep.misleading(story(**DYING, seeds=seeds))
    fact = facts.iloc[0]
    assert len(facts) == 1
    assert fact["misleading"]
    assert (fact["beta"], fact["reference"], fact["collapsed"]) == (10, 1, seeds)
    assert fact["silhouette_change"] == pytest.approx(0.4)
    assert fact["r2_change"] == pytest.approx(-0.75)
    said = sentences.misleading(facts).data
    assert "rises while the model fades" in said
    assert f"{seeds} of the {seeds} networks" in said
    assert ("one seed" in said) == (seeds == 1)


@pytest.mark.parametrize(
    "change",
    [
        {"ami": (0.1, 0.3)},  # the clusters did get better
        {"silhouette": (0.5, 0.1)},
        {"r2": (0.8, 0.9), "active": (8, 8)},  # the model is well
    ],
)
def test_other_changes_are_not_called_misleading(change):
    facts = sweep.misleading(story(**(DYING | change)))
    assert not facts["misleading"].any()
    assert "no beta of this sweep" in sentences.misleading(facts).data


def test_a_rise_inside_the_noise_is_no_rise():
    table = story(**DYING)
    table["silhouette"] = [0.1, 0.3, 0.1, 0.3, 0.3, 0.1, 0.3, 0.13]
    assert not sweep.misleading(table)["misleading"].any()


def test_without_labels_the_shared_silhouette_judges():
    dying = story(**DYING | {"ami": (np.nan, np.nan)}, shared=(0.2, 0.0))
    assert sweep.misleading(dying)["misleading"].all()
    assert "AMI" not in sentences.misleading(sweep.misleading(dying)).data
    better = story(**DYING | {"ami": (np.nan, np.nan)}, shared=(0.0, 0.2))
    assert not sweep.misleading(better)["misleading"].any()


def test_a_single_beta_has_nothing_to_compare_with():
    table = story(**DYING)
    facts = sweep.misleading(table[table["beta"] == 1])
    assert not len(facts)
    assert "single beta" in sentences.misleading(facts).data


def test_sentences_tell_what_collapsed(trained):
    table, dimensions = sweep.table(trained), sweep.dimensions(trained)
    said = sentences.collapsed(table).data
    assert "2 of 2 at beta 100" in said and "beta 0.5" not in said
    assert "Of 4 latents" in sentences.code(table, dimensions).data
    healthy = table[table["beta"] == 0.5]
    assert "No network" in sentences.collapsed(healthy).data


def test_a_traversal_passes_through_a_track_and_moves_one_latent_at_a_time(trained):
    m = 2  # of beta 0.5
    network = trained.select(beta=0.5, seed=int(trained.seeds[m]))
    found = traversal.traverse(network, track=7)
    assert list(found.steps) == [-3, -2, -1, 0, 1, 2, 3]
    assert (np.diff(found.kl) <= 0).all()
    assert found.decoded.shape == (len(found.dimensions), 7, 8)
    for row, dimension in zip(found.decoded, found.dimensions, strict=True):
        codes = np.repeat(trained.z[m, 7][None], 7, axis=0)
        codes[:, dimension] = found.steps
        assert row == pytest.approx(trained.decode(codes)[m], abs=1e-5)
    assert "changes what is decoded most" in sentences.traversal(found).data


def test_a_dead_code_has_no_traversal(trained):
    found = traversal.traverse(trained)
    assert found.decoded.shape == (0, 7, 8)
    assert "nothing to traverse" in sentences.traversal(found).data


def test_a_network_that_diverged_costs_itself_alone(data):
    with pytest.warns(RuntimeWarning, match="diverged"):
        half = training.train(ARCHITECTURE, data, [0, 1], beta=[1, 1e38], epochs=30, device="cpu")
    well, broken = sweep.table(half).to_dict("records")
    assert np.isfinite(well["distortion"])
    assert broken["verdict"] == "diverged"
    assert broken["active_units"] == 0
    assert np.isnan([broken["rate"], broken["distortion"], broken["variance"]]).all()
    assert "1 of 1 at beta 1." in sentences.collapsed(sweep.table(half)).data
    assert traversal.traverse(half.select(beta=half.betas[1], seed=1)).decoded.shape[0] == 0
    for draw in (figures.rate_distortion, figures.code_state):
        plt.close(draw(sweep.table(half)))
    plt.close(figures.kl_bars(sweep.dimensions(half)))
