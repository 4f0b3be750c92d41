"""What the prose says of a run: facts that follow the rows, prose that is true of any corpus."""

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from lib import files
from lib.catalogue import SCORES
from lib.errors import UserError
from lib.evaluation import statistics
from lib.report import results
from lib.report.facts import corpus as corpus_facts
from lib.report.facts import findings, gather
from lib.study import pipelines

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted((ROOT / "book").glob("*.md"))
LEARNED = {"ae", "vae", "conv1d_vae", "conv_vae", "beta_vae", "cvae", "cvae_genre", "vade"}
LEARNED |= {"multimodal_vae", "multimodal_poe", "random_encoder"}
TASKS = {
    "easy": ["raw", "pca", "ae", "vae", "random_encoder"],
    "medium": ["raw", "pca", "spectral", "vae", "conv1d_vae"],
    "hard": ["raw", "pca", "vae", "vade"],
}
SUNG = {
    "medium": ["tfidf", "sbert", "hybrid_tfidf", "hybrid_sbert"],
    "hard": ["hybrid_tfidf", "cvae", "multimodal_vae", "multimodal_poe"],
}


def one(rng, task, representation, algorithm="kmeans", ami=0.2, beta=np.nan, seeds=5, **more):
    """Make the rows of one method, whose scores vary a little with the seed."""
    score = {name: 0.2 + 0.01 * rng.standard_normal(seeds) for name in SCORES}
    score["ami"] = ami + 0.01 * rng.standard_normal(seeds)
    health = {"active_units": 9, "kl": 4.0, "r2": 0.7} if representation in LEARNED else {}
    place = {
        "corpus": "demo",
        "task": task,
        "features": "mfcc_mean",
        "latent_dim": 16,
        "beta": beta,
    }
    place |= {"representation": representation, "algorithm": algorithm, "n_clusters": 10}
    columns = place | {"seed": range(seeds), "noise_fraction": 0.0} | score | health | more
    return pd.DataFrame(columns).reindex(columns=results.COLUMNS)


def run(
    folder, corpus="demo", *, labelled=True, words=True, audio=True, hard=True, seeds=5, ami=(),
    betas=(0.5, 1.0, 10.0),
):  # fmt: skip
    """Leave a results folder as a run of the notebooks would."""
    rng = np.random.default_rng(0)
    rows = []
    for task, spaces in TASKS.items():
        if task == "hard" and not hard:
            continue
        spaces = spaces + (SUNG.get(task, []) if words else [])
        spaces = spaces + (["conv_vae"] if audio and task == "medium" else [])
        spaces = spaces + (["cvae_genre"] if labelled and task == "hard" else [])
        for space in spaces:
            for algorithm in ["kmeans"] if task == "easy" else ["kmeans", "gmm"]:
                given = dict(ami).get(space, 0.2)
                rows.append(one(rng, task, space, algorithm, given, seeds=seeds))
        rows.append(one(rng, task, "raw", "random", 0.0, seeds=seeds))
        if labelled:
            rows.append(one(rng, task, "raw", "genres", 1.0, seeds=1))
    if hard:
        for beta in betas:
            dead = {"active_units": 0, "kl": 0.1, "r2": 0.01} if beta == 10 else {}
            rows.append(one(rng, "hard", "beta_vae", "kmeans", 0.2, beta, seeds, **dead))
        rows.append(one(rng, "hard", "vade", "mixture", 0.2, seeds=seeds))
        leave_tables(folder, rng, betas if corpus == "demo" else (), labelled)
    table = pd.concat(rows).assign(corpus=corpus)
    if not labelled:
        table[["ari", "nmi", "ami", "purity"]] = np.nan
    files.write_csv(folder / "clustering_metrics.csv", table)
    files.write_csv(folder / "skipped.csv", pd.DataFrame(columns=["track_id", "path", "reason"]))
    tracks = pd.DataFrame({"track_id": [f"t{i}" for i in range(40)], "duration": 10.0})
    tracks["genre"] = [("jazz", "rock")[i % 2] if labelled else "" for i in range(40)]
    tracks["language"] = [("en", "bn")[i % 2] if words else "" for i in range(40)]
    note(folder / ".corpus", tracks, audio)
    models = folder / "models"
    models.mkdir()
    settings = {"epochs": 100, "batch_size": 64, "learning_rate": 0.001, "beta": 1.0}
    model = {
        "n_parameters": 25780,
        "architecture": {"latent_dim": 16},
        "runs": [{"seed": seed, **settings} for seed in range(seeds)],
    }
    (models / "vae.json").write_text(json.dumps(model))
    if words:
        z = np.zeros((1, 40, 3))
        z[0, 30:] = np.nan
        results.save_latents(folder, "tfidf", z, tracks["track_id"].to_numpy(str))
    return gather(folder)


def leave_tables(folder, rng, betas, labelled, spread=0.01):
    """Leave the small tables of the Hard task: measures where factors are known, and pipelines."""
    spaces = [("beta_vae", beta) for beta in betas]
    spaces += [(name, np.nan) for name in ("pca", "random_encoder", "factors")]
    measures = pd.DataFrame(spaces, columns=["space", "beta"])
    measures["mig"] = np.where(measures["space"] == "factors", 1.0, rng.random(len(spaces)) / 2)
    if betas:
        files.write_csv(folder / "disentanglement.csv", measures)
    given = {"agreement": 0.7, "difference": 0.0, "low": 0.0, "high": 0.0, "p": np.nan}
    for score in pipelines.GENRE_SCORES:
        given |= {score: 0.3, f"{score}_low": 0.29, f"{score}_high": 0.31}
    if not labelled:
        given = {name: np.nan for name in given}
    named = [{"what": findings.PLAIN, "best by": ""}, {"what": "a graph", "best by": "agreement"}]
    named += [{"what": "Ward on ranks", "best by": "labels, no network"}] if labelled else []
    ahead = {"difference": 0.02, "low": 0.02 - spread, "high": 0.02 + spread}
    if labelled:
        named[1] |= ahead | {"p": np.nan if np.isnan(spread) else 0.01 if spread < 0.02 else 0.2}
    files.write_csv(folder / "pipelines.csv", pd.DataFrame([given | name for name in named]))


def note(path, tracks, audio):
    files = [f"/music/{i}.flac\t5\t6" for i in tracks["track_id"]] if audio else []
    path.write_text("\n".join([tracks.to_csv(), *files]), encoding="utf-8")


CORPORA = {
    "demo": {},
    "without hard": {"hard": False},
    "gtzan": {"corpus": "gtzan", "words": False},
    "table": {"corpus": "gtzan_table", "words": False, "audio": False},
    "unlabelled": {"corpus": "my_music", "labelled": False, "words": False},
    "one seed": {"corpus": "fma", "seeds": 1},
    "one beta": {"betas": (1.0,)},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return {
        name: run(tmp_path_factory.mktemp("results"), **corpus) for name, corpus in CORPORA.items()
    }


@pytest.fixture(params=CORPORA)
def found(request, runs):
    return request.param, runs[request.param]


def test_nothing_undefined_is_said(found):
    for name, value in found[1].items():
        assert isinstance(value, str | bool), name
        assert value is True or value is False or (value and not re.search(r"\bnan\b|None", value))


def test_conditions_follow_the_corpus(runs):
    demo, table, bare = runs["demo"], runs["table"], runs["unlabelled"]
    assert demo["words"] and demo["languages"] and demo["audio"] and demo["n_words"] == "30"
    assert demo["corpus"] == "the demo corpus, 40 composed tracks with two genres"
    assert table["gtzan"] and not table["audio"] and not table["words"] and not table["conv"]
    assert not bare["labelled"] and bare["folder"] and bare["score"] == "shared silhouette"
    assert not bare["has_leak_cvae"]
    assert ("words" in table["comparisons_table"], "words" in demo["comparisons_table"]) == (
        False, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ami", "clause", "wins", "loses"),
    [
        (0.5, "the VAE scored higher than PCA, by 0.2", True, False),
        (0.05, "the VAE scored lower than PCA, by 0.1", False, True),
        (0.2, "the VAE could not be told from PCA", False, False),
    ],
)
def test_the_verdict_follows_the_rows(tmp_path, ami, clause, wins, loses):
    said = run(tmp_path, ami={"vae": ami})
    assert said["vae_pca"].startswith(clause)
    assert (said["vae_wins"], said["vae_loses"]) == (wins, loses)


def test_one_seed_judges_nothing(tmp_path):
    said = run(tmp_path, ami={"vae": 0.9}, seeds=1)
    assert "with no spread over seeds to judge it by" in said["vae_pca"]
    assert not said["vae_wins"]


@pytest.mark.parametrize(
    ("first", "side"),
    [
        ([0.3, 0.31, 0.3, 0.29, 0.3], "higher"),
        ([0.1, 0.11, 0.1, 0.09, 0.1], "lower"),
        ([0.3, 0.1, 0.25, 0.3, 0.1], "inside the noise"),
        ([0.2] * 5, "the same"),
        ([0.3], "no spread to judge by"),
    ],
)
def test_the_table_says_what_holds(first, side):
    first = pd.Series(first)
    difference = statistics.compare(first, 0 * first + 0.2)
    said = findings._judged({"vae_raw": ("the VAE", "PCA", difference)}, "ami")
    row = [cell.strip() for cell in said["comparisons_table"].splitlines()[-2].split("|")]
    assert row[1:3] == ["VAE", "PCA"] and row[4] == side
    assert row[3].startswith("−" if first.mean() < 0.2 else "+")
    assert said["held"].startswith("one holds") == (side in ("higher", "lower"))


def test_many_comparisons_are_judged_together():
    rng = np.random.default_rng(1)
    zero = np.zeros(5)
    small = statistics.compare(0.02 + 0.014 * np.array([-1, 1, -1, 1, 0.0]), zero)
    alone = findings._judged({"vae_pca": ("a", "b", small)}, "ami")
    noise = {
        f"n{i}": ("c", "d", statistics.compare(rng.standard_normal(5), zero)) for i in range(20)
    }
    among = findings._judged({"vae_pca": ("a", "b", small)} | noise, "ami")
    assert alone["vae_wins"] and alone["vae_pca"].startswith("a scored higher than b")
    assert not among["vae_wins"]
    assert "not beyond the noise of so many comparisons" in among["vae_pca"]
    assert "| not after correction |" in among["comparisons_table"]


def test_a_model_that_saw_the_genres_is_never_the_best(tmp_path):
    said = run(tmp_path, ami={"cvae_genre": 0.99, "vade": 0.6})
    assert said["hard_best"].startswith("VaDE under")
    assert said["family_baseline"].startswith("VaDE under")
    assert said["family_wins"]
    assert "| CVAE given the genre | VAE | +0.7" in said["comparisons_table"]
    assert "the CVAE given the genre scored higher than the VAE" in said["held"]


def test_a_sweep_tells_where_models_died(runs):
    said = runs["demo"]
    assert said["sweep"]
    assert said["collapses"] == "all at β = 10 collapsed"
    assert said["betas"] == "0.5, 1 and 10"
    assert said["sweep_r2"] == "fell from 0.700 to 0.010"


@pytest.mark.parametrize(
    ("r2", "ami", "flattered"), [(0.3, 0.1, True), (0.3, 0.4, False), (0.9, 0.1, False)]
)
def test_a_silhouette_flatters_where_the_model_is_poorer_and_no_cluster_better(r2, ami, flattered):
    rows = pd.DataFrame(
        {
            "representation": "beta_vae",
            "algorithm": "kmeans",
            "beta": [0.5, 2.0, 10.0],
            "r2": [0.7, r2, 0.0],
            "kl": [5.0, 1.0, 0.0],
            "active_units": [16, 9, 0],
            "silhouette": [0.1, 0.3, 0.05],
            "silhouette_shared": 0.0,
            "ami": [0.2, ami, 0.0],
        }
    )
    said = findings._sweep(rows, "ami")
    assert said["flattered"] is flattered
    assert said["peak_beta"] == "2" and said["peak_silhouette"] == "rose from 0.100 to 0.300"


def test_the_factors_themselves_are_not_the_most_disentangled_model(tmp_path):
    said = run(tmp_path)
    table = pd.read_csv(tmp_path / "disentanglement.csv").set_index("space")["mig"]
    assert float(said["mig_best_value"]) == pytest.approx(table.drop("factors").max(), abs=1e-3)


def test_the_chosen_pipeline_is_quoted(runs):
    said = runs["demo"]
    assert (said["n_pipelines"], said["pipeline"], said["pipeline_ari"]) == (
        "three", "a graph", "0.300\u00a0±\u00a00.010",
    )  # fmt: skip
    assert findings.PLAIN in {pipeline.what for pipeline in pipelines.PIPELINES.values()}


@pytest.mark.parametrize(
    ("spread", "wins", "matched", "clause"),
    [
        (0.01, True, False, "scored higher than Ward on ranks, by 0.020\u00a0±\u00a00.010 AMI"),
        (0.03, False, True, "could not be told from Ward on ranks (higher by 0.020"),
        (np.nan, False, False, "with no spread over seeds to judge it by"),
    ],
)
def test_the_chosen_pipeline_is_held_against_the_best_without_a_network(
    tmp_path, spread, wins, matched, clause
):
    leave_tables(tmp_path, np.random.default_rng(0), (), True, spread)
    said = findings._pipelines(tmp_path / "pipelines.csv")
    assert (said["pipeline_rival"], said["pipeline_wins"]) == ("Ward on ranks", wins)
    assert said["pipeline_matched"] is matched
    assert clause in said["pipeline_against"]


def test_silhouettes_are_set_against_the_headline(tmp_path):
    run(tmp_path)
    table = pd.read_csv(tmp_path / "clustering_metrics.csv")
    table["silhouette"] = -table["ami"]
    files.write_csv(tmp_path / "clustering_metrics.csv", table)
    said = gather(tmp_path)
    assert said["medium_rho_silhouette"] == "−1.00"
    assert said["medium_silhouette_best_place"] == f"{said['medium_silhouette_n']}th"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r")), min_size=1))
def test_notes_survive_any_title(tmp_path_factory, titles):
    path = tmp_path_factory.mktemp("note") / ".corpus"
    tracks = pd.DataFrame({"track_id": [f"t{i}" for i in range(len(titles))], "title": titles})
    note(path, tracks, audio=True)
    read, audio = corpus_facts.read_note(path)
    assert read["title"].tolist() == titles
    assert audio


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match=r"clustering_metrics\.csv is missing"):
        gather(tmp_path)
    run(tmp_path)
    (tmp_path / ".corpus").unlink()
    with pytest.raises(UserError, match=r"\.corpus is missing"):
        gather(tmp_path)


# ---- the book ------------------------------------------------------------------------------


def build(folder, found, pages=PAGES):
    """Build the prose as plain text; return it by page, and the warnings."""
    source = folder / "source"
    (source / "book" / "results").mkdir(parents=True)
    (source / "lib").symlink_to(ROOT / "lib")  # of which Method shows lines
    for page in pages:
        (source / "book" / page.name).write_bytes(page.read_bytes())
    (source / "book" / "results" / "facts.json").write_text(json.dumps(found))
    (source / "all.md").write_text(
        "# All\n```{toctree}\n" + "\n".join(f"book/{page.stem}" for page in pages) + "\n```\n"
    )
    extensions = ["myst_parser", "sphinxcontrib.bibtex", "facts"]
    warnings = io.StringIO()
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        with docutils_namespace():
            settings = {
                "extensions": extensions,
                "root_doc": "all",
                "myst_enable_extensions": ["amsmath", "colon_fence", "deflist", "dollarmath"],
                "bibtex_bibfiles": [str(ROOT / "book" / "references.bib")],
                "bibtex_reference_style": "author_year",
                "numfig": True,
            }
            app = Sphinx(
                source, None, folder / "out", folder / "trees", "text", settings,
                status=None, warning=warnings,
            )  # fmt: skip
            app.build()
    finally:
        sys.path.remove(str(ROOT / "book" / "_ext"))
    out = folder / "out" / "book"
    return {
        page.stem: (out / f"{page.stem}.txt").read_text() for page in pages
    }, warnings.getvalue()


def test_the_prose_holds_for_every_corpus(found, tmp_path):
    corpus, given_facts = found
    text, warnings = build(tmp_path, given_facts)
    assert warnings == ""
    whole = " ".join(" ".join(text.values()).split())
    assert not re.search(r"\(\s*\)|\{fact|\{when|, \.|\bnan\b", whole)
    about = " ".join(" ".join(text[page] for page in ("data", "discussion", "conclusion")).split())
    assert ("rendered sample by sample" in about) == given_facts["demo"]
    assert ("fault-filtered partition" in about) == given_facts["gtzan"]
    assert ("Bangla" in about) == given_facts["languages"]
    assert ("Where words add little" in about) == given_facts["words"]
    assert ("Over the sweep" in about) == given_facts["sweep"]
    if corpus == "unlabelled":
        assert "shared silhouette" in about and "The true genres themselves" not in about


def test_a_fact_that_is_missing_is_a_warning(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n{fact}`there` {fact}`gone`\n\n:::{when} unheard\nText.\n:::\n")
    text, warnings = build(tmp_path, {"there": "0.5"}, [page])
    assert "0.5" in text["page"]
    assert "the run gave no text 'gone'" in warnings
    assert "the run gave no condition 'unheard'" in warnings


@pytest.mark.parametrize(
    ("condition", "shown"),
    [("a", True), ("b", False), ("not b", True), ("a, not b", True), ("a, b", False)],
)
def test_conditions_choose(tmp_path, condition, shown):
    page = tmp_path / "page.md"
    page.write_text(
        f"# Page\n\n::::{{flow}}\nOne.\n:::{{when}} {condition}\nTwo.\n:::\nThree.\n::::"
    )
    text, warnings = build(tmp_path, {"a": True, "b": False}, [page])
    assert warnings == ""
    assert text["page"].split("\n\n")[-1].strip() == (
        "One. Two. Three." if shown else "One. Three."
    )


def test_the_prose_and_the_facts_have_the_same_names(runs):
    facts = {name: fact for found in runs.values() for name, fact in found.items()}
    source = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    texts = set(re.findall(r"\{fact\}(?:`(.+?)`| (\w+))", source))
    conditions = {
        name.strip().removeprefix("not ")
        for line in re.findall(r"\{when\} (.+)", source)
        for name in line.split(",")
    }
    assert {a or b for a, b in texts} == {n for n, fact in facts.items() if isinstance(fact, str)}
    assert conditions == {name for name, fact in facts.items() if isinstance(fact, bool)}


NUMBER = re.compile(
    r"\d\.\d|±\s*\d|\d\s*%|\d[\d,]* (tracks|seeds|genres|clusters|units|epochs|methods|nats|h\b)"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_result_is_typed(page):
    """The rule: no decimals, percentages, ± values or counts outside of facts, maths and code."""
    source = page.read_text(encoding="utf-8").replace("95% interval", "")
    source = re.sub(r"```\{math\}.*?```|\$[^$]*\$|\{\w+\}`[^`]*`|`[^`]*`", "", source, flags=re.S)
    assert not NUMBER.search(source), NUMBER.search(source)


def test_each_work_is_cited_and_each_citation_listed():
    listed = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text(), re.M))
    texts = PAGES + sorted((ROOT / "notebooks").glob("*.py"))
    text = " ".join(path.read_text(encoding="utf-8") for path in texts)
    cited = {
        key for keys in re.findall(r"\{cite(?::t)?\}`([^`]+)`", text) for key in keys.split(",")
    }
    assert listed == cited
