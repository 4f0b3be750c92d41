"""Tables, players and text of a run, for the notebook and for the book."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import soundfile
from IPython.display import HTML, Markdown

from lib.audio import mfcc as audio
from lib.evaluation import statistics
from lib.training.ensemble import Trained

NAMES = {
    "raw": "Raw features",
    "spectral": "Spectral features",
    "pca": "PCA",
    "pca_matched": "Matched PCA",
    "ae": "Autoencoder",
    "vae": "VAE",
    "random_encoder": "Untrained encoder",
    "conv1d_vae": "1-D conv VAE",
    "conv_vae": "2-D conv VAE",
    "factors": "The factors themselves",
    "tfidf": "TF-IDF alone",
    "sbert": "SBERT alone",
    "hybrid_tfidf": "Sound + TF-IDF",
    "hybrid_sbert": "Sound + SBERT",
    "beta_vae": "VAE, beta",
    "cvae": "CVAE, language given",
    "cvae_genre": "CVAE, genre given",
    "multimodal_vae": "Multimodal VAE",
    "multimodal_poe": "Product of experts",
    "vade": "VaDE",
}
LANGUAGES = {"en": "English", "bn": "Bangla", "mixed": "both", "none": "no words", "": "unknown"}
ALGORITHM_NAMES = {
    "kmeans": "k-means",
    "agglomerative": "Ward",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
    "gmm": "Gaussian mixture",
    "spectral": "Spectral clustering",
    "mixture": "own mixture",
    "random": "random labels",
    "genres": "the genres themselves",
}

SCORE_NAMES = {
    "ari": "ARI", "nmi": "NMI", "ami": "AMI", "purity": "Purity", "silhouette": "Silhouette",
    "silhouette_shared": "Shared silhouette", "calinski_harabasz": "Calinski-Harabasz",
    "davies_bouldin": "Davies-Bouldin", "r2": "R²", "kl": "KL", "active_units": "Active units",
}  # fmt: skip
FEATURE_NAMES = {
    "mfcc_mean": "MFCC means",
    "mfcc_image": "MFCC images",
    "spectral": "Spectral features",
    "tfidf": "TF-IDF",
    "sbert": "SBERT",
}
NO_AUDIO = "This corpus came as a table of features: there is no audio to hear or to show."


class Table:
    """A table that is numbered and captioned in the book, and plain in JupyterLab.

    Parameters
    ----------
    frame : DataFrame
        Its cells are shown as they are: round them first.
    caption : str
        One sentence.
    name : str
        The label by which the book's text refers to it, as in ``{numref}`tab-easy```.
    """

    def __init__(self, frame: pd.DataFrame, caption: str, name: str):
        self.frame, self.caption, self.name = frame, caption, name

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        lines = [list(self.frame.columns), ["---"] * self.frame.shape[1], *self.frame.to_numpy()]
        cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
        rows = ["| " + " | ".join(line) + " |" for line in cells]
        directive = [f"```{{table}} {self.caption}", f":name: {self.name}", "", *rows, "```"]
        return {
            "text/html": self.frame.to_html(index=False),
            "text/markdown": "\n".join(directive),
            "text/plain": self.frame.to_string(index=False),
        }


def say(*sentences: str) -> Markdown:
    """Show sentences as a paragraph of text."""
    return Markdown(" ".join(sentences))


def scores_table(rows: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """Lay out scores for reading: a row a method, each score as mean ± half its 95% interval.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of `lib.report.results`.
    scores : sequence of str
        Columns of ``rows``.

    Returns
    -------
    DataFrame
        Of text; scores that are nowhere defined (no labels) are left out.
    """
    table = []
    for method, group in with_names(rows).groupby("method", sort=False):
        entry = {"Representation": method}
        for score in scores:
            if rows[score].notna().any():
                value = statistics.interval(group[score])
                spec = ".1f" if score in ("calinski_harabasz", "active_units") else ".3f"
                entry[SCORE_NAMES[score]] = "" if np.isnan(value.mean) else format(value, spec)
        table.append(entry)
    return pd.DataFrame(table)


def health_table(trained: Mapping[str, Trained]) -> pd.DataFrame:
    """Lay out the health of networks: a row each, means and intervals over seeds.

    Parameters
    ----------
    trained : mapping of str to Trained
        By the name of the representation.

    Returns
    -------
    DataFrame
        Of text: parameters, R², KL, active units, and the verdicts counted.
    """
    table = []
    for name, networks in trained.items():
        health = networks.health
        verdicts = health["verdict"].value_counts()
        table.append(
            {
                "Network": space_name(name),
                "Parameters": f"{networks.n_parameters:,}",
                "R²": format(statistics.interval(health["r2"]), ".3f"),
                "KL (nats)": format(statistics.interval(health["kl"]), ".2f").replace("nan", ""),
                "Active units": format(statistics.interval(health["active_units"]), ".1f"),
                "Verdict": ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()),
            }
        )
    return pd.DataFrame(table)


def sweep_table(members: pd.DataFrame) -> pd.DataFrame:
    """Lay out a sweep: a row a beta, means and intervals over seeds.

    Parameters
    ----------
    members : DataFrame
        From `lib.inspection.sweep.members`.

    Returns
    -------
    DataFrame
        Of text: rate and distortion in nats, R², active units, the state of the code, verdicts.
    """
    columns = {
        "rate": ("Rate", ".2f"), "distortion": ("Distortion", ".2f"), "r2": ("R²", ".3f"),
        "active_units": ("Active units", ".1f"), "correlation": ("Correlation", ".3f"),
        "variance": ("Variance", ".3f"), "total_correlation": ("Total correlation", ".2f"),
    }  # fmt: skip
    table = []
    for beta, group in members.groupby("beta"):
        row = {"Beta": f"{beta:g}"}
        for column, (name, spec) in columns.items():
            value = statistics.interval(group[column])
            row[name] = "" if np.isnan(value.mean) else format(value, spec)
        verdicts = group["verdict"].value_counts()
        row["Verdict"] = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        table.append(row)
    return pd.DataFrame(table)


def ideas_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Lay out `lib.study.pipelines.summary`; scores that are nowhere defined (no labels) are left out."""
    names = {"what": "Idea", "agreement": "Agreement", "best by": "Best by", **SCORE_NAMES}
    order = ["what", "ami", "ari", "purity", "agreement", "best by"]  # the headline first
    return summary.loc[:, [c for c in order if (summary[c] != "").any()]].rename(columns=names)


def ranked_table(ranking: pd.DataFrame, score: str) -> pd.DataFrame:
    """Lay out a ranking of `lib.evaluation.comparison`: what makes a method, and its score."""
    bounds = ranking[["mean", "low", "high"]].itertuples(index=False)
    scores = [format(statistics.Interval(*bound), ".3f") for bound in bounds]
    names = ranking.drop(columns=["mean", "low", "high"]).rename(columns=str.capitalize)
    if "Features" in names:
        names["Features"] = names["Features"].map(_features)
    return names.assign(**{SCORE_NAMES[score]: scores})


def _features(name: str) -> str:
    """Write what a method is made of, as in "MFCC means + TF-IDF"."""
    return " + ".join(FEATURE_NAMES.get(part, part) for part in name.split("+"))


def kmeans_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of every score for each space under k-means, and of random labels."""
    kmeans = with_names(rows[rows["algorithm"].isin(["kmeans", "random"])])
    kmeans["space"] = kmeans["space"].where(kmeans["algorithm"] == "kmeans", "Random labels")
    scores = [score for score in SCORE_NAMES if score not in ("r2", "kl", "active_units")]
    table = kmeans.groupby("space", sort=False)[scores].mean()
    return table.dropna(axis=1, how="all").rename(columns=SCORE_NAMES)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Lay out numbers with three digits, and the index as the column ``Space``."""
    text = table.map(lambda value: "" if np.isnan(value) else f"{value:.3f}")
    return text.rename(columns=str.capitalize).rename_axis("Space").reset_index()


def space_name(representation: str, beta: float = np.nan) -> str:
    """Return what tables and figures call a space.

    Parameters
    ----------
    representation : str
        As in the results.
    beta : float
        Of a ``beta_vae``, of which there is one for each beta; others go by their name alone.

    Returns
    -------
    str
        As in "VAE, beta 4".
    """
    name = NAMES.get(representation, representation)
    return f"{name} {beta:g}" if representation == "beta_vae" else name


def method_name(representation: str, algorithm: str = "kmeans", beta: float = np.nan) -> str:
    """Return what a table calls a method, where k-means goes without saying.

    Parameters
    ----------
    representation, algorithm : str
        As in the results.
    beta : float
        As for `space_name`.

    Returns
    -------
    str
        As in "PCA, Ward".
    """
    if algorithm in ("random", "genres"):
        return ALGORITHM_NAMES[algorithm].capitalize()
    name = space_name(representation, beta)
    return name if algorithm == "kmeans" else f"{name}, {ALGORITHM_NAMES[algorithm]}"


def with_names(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with columns ``space`` and ``method``: what a figure calls them."""
    spaces = zip(rows["representation"], rows["beta"], strict=True)
    methods = zip(rows["representation"], rows["algorithm"], rows["beta"], strict=True)
    return rows.assign(
        space=[space_name(*space) for space in spaces],
        method=[method_name(*method) for method in methods],
    )


def players(excerpts: Mapping[str, np.ndarray]) -> HTML | Markdown:
    """Show players side by side, each with its title, as MP3 inside the page.

    Parameters
    ----------
    excerpts : mapping of str to ndarray, (n_samples,)
        Short mono excerpts at `audio.SAMPLE_RATE`, by title.

    Returns
    -------
    HTML or Markdown
        The players; a sentence where there is nothing to play.
    """
    if not excerpts:
        return Markdown(NO_AUDIO)
    cells = []
    for title, samples in excerpts.items():
        sound = io.BytesIO()
        soundfile.write(sound, samples, audio.SAMPLE_RATE, format="MP3")
        source = f"data:audio/mpeg;base64,{base64.b64encode(sound.getvalue()).decode()}"
        cells.append(
            f"<figure style='margin:0'><figcaption>{html.escape(title)}</figcaption>"
            f"<audio controls preload='none' style='width:100%' src='{source}'></audio></figure>"
        )
    layout = "display:grid;gap:.8em;grid-template-columns:repeat(auto-fill,minmax(15em,1fr))"
    return HTML(f"<div style='{layout}'>{''.join(cells)}</div>")
