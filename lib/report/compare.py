"""Two runs side by side: their scores, the differences with intervals, and their figures."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lib.catalogue import Method, title
from lib.errors import UserError
from lib.evaluation import statistics
from lib.report import results

SAME = ["task", "representation", "beta", "algorithm"]
"""What makes two rows of different runs the same method; its latent size may be what changed."""
SHOWN = ["ami", "ari", "nmi", "purity", "silhouette_shared", "silhouette"]
CLEAR = 0.05

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; }
caption { text-align: left; font-style: italic; padding: .3rem 0; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
thead tr { border-block: 2px solid; } tbody tr { border-bottom: 1px solid #8884; }
.clear { font-weight: bold; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
figure { margin: 0 0 1rem; } img { background: #fff; max-width: 100%; border-radius: .3rem; }
summary { cursor: pointer; font-size: 1.2rem; font-weight: bold; margin: 1rem 0 .5rem; }
"""


def load(folder: Path) -> pd.DataFrame:
    """Read the rows of a run.

    Parameters
    ----------
    folder : Path
        A results folder, as ``results/demo``.

    Returns
    -------
    DataFrame
        Tidy rows of `lib.report.results`.

    Raises
    ------
    UserError
        When the folder holds no scores, or a table that is not one of scores.
    """
    path = folder / "clustering_metrics.csv"
    try:
        rows = pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path} is not there: name a results folder, as results/demo") from None
    except (ValueError, OSError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if missing := [column for column in results.COLUMNS if column not in rows]:
        raise UserError(f"{path} lacks the columns {', '.join(missing)}: run its notebooks again")
    return rows


def difference(
    a: Sequence[float], b: Sequence[float], paired: bool
) -> tuple[statistics.Interval, float]:
    """Estimate b - a with its 95% interval and p-value.

    Parameters
    ----------
    a, b : sequence of float
        The scores of one method in two runs, a value a seed, without NaNs.
    paired : bool
        Whether the values belong together one by one, as with the same seeds on the same corpus:
        then by the paired t-test, else by Welch's.

    Returns
    -------
    interval : Interval
        With NaN bounds where there is no spread to judge by.
    p : float
        Two-sided, NaN likewise.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several different population
    variances are involved. Biometrika 34, 28-35.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if paired:
        return statistics.interval(b - a), statistics.p_value(b, a)
    mean = float(b.mean() - a.mean())
    if min(len(a), len(b)) < 2 or max(np.ptp(a), np.ptp(b)) < 1e-9:
        return statistics.Interval(mean, np.nan, np.nan), np.nan
    own = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    error = np.sqrt(own.sum())
    freedom = own.sum() ** 2 / (own**2 / [len(a) - 1, len(b) - 1]).sum()
    half = float(stats.t.ppf(0.975, freedom) * error)
    p = float(2 * stats.t.sf(abs(mean) / error, freedom))
    return statistics.Interval(mean, mean - half, mean + half), p


def compare(a: pd.DataFrame, b: pd.DataFrame, score: str) -> pd.DataFrame:
    """Compare two runs method by method.

    Parameters
    ----------
    a, b : DataFrame
        Tidy rows of two runs.
    score : str
        One of their columns.

    Returns
    -------
    DataFrame
        A row a method: `SAME` (no beta is ""), its name as ``method``, the intervals ``a`` and
        ``b`` (None where a run lacks it), the interval ``difference`` of b - a, the ``test``
        ("paired" or "Welch"), its ``p`` adjusted by Holm for the number of methods, and whether it
        is ``clear``.
    """
    one_corpus = set(a["corpus"]) == set(b["corpus"])
    first, second = _by_method(a, score), _by_method(b, score)
    compared = []
    for key in dict.fromkeys([*first, *second]):
        ours, theirs = first.get(key), second.get(key)
        row = dict(zip(SAME, key, strict=True))
        row["method"] = Method(row["representation"], row["algorithm"], row["beta"]).title
        row |= {
            name: None if values is None else statistics.interval(values)
            for name, values in (("a", ours), ("b", theirs))
        }
        row |= {"difference": None, "test": "", "p": np.nan}
        if ours is not None and theirs is not None:
            paired = one_corpus and ours.index.equals(theirs.index)
            row["difference"], row["p"] = difference(ours, theirs, paired)
            row["test"] = "paired" if paired else "Welch"
        compared.append(row)
    columns = [*SAME, "method", "a", "b", "difference", "test", "p"]
    table = pd.DataFrame(compared, columns=columns)
    table["p"] = statistics.holm(table["p"])
    return table.assign(clear=table["p"] < CLEAR)


def _by_method(rows: pd.DataFrame, score: str) -> dict[tuple, pd.Series]:
    """Return each method's scores by seed, in the order of seeds."""
    rows = rows.dropna(subset=score)
    # no two NaNs are equal, but the absence of a beta is the same in both runs
    groups = rows.assign(beta=rows["beta"].astype(object).fillna(""))
    return {
        method: group.groupby("seed")[score].mean()
        for method, group in groups.groupby(SAME, sort=False)
    }


def page(a: Path, b: Path) -> str:
    """Write one page about two runs that needs no other file.

    Parameters
    ----------
    a, b : Path
        Two results folders.

    Returns
    -------
    str
        HTML, with the figures of both runs inside.

    Raises
    ------
    UserError
        When a folder holds no scores.
    """
    first, second = load(a), load(b)
    names = [html.escape(_name(folder)) for folder in (a, b)]
    sections = []
    for score in SHOWN:
        table = compare(first, second, score)
        if len(table):
            sections.append(_section(table, score, names, is_open=not sections))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{names[0]} and {names[1]}</title><style>{STYLE}</style></head><body>"
        f"<h1>{names[0]} and {names[1]}</h1><p>{_facts(first, second, names)}</p>"
        f"{''.join(sections)}<h2>Figures</h2>{_figures(a, b, names)}</body></html>"
    )


def _name(folder: Path) -> str:
    return folder.resolve().name


def _facts(a: pd.DataFrame, b: pd.DataFrame, names: Sequence[str]) -> str:
    """Say what the runs are, and how their differences were judged."""
    runs = []
    for rows, name in ((a, names[0]), (b, names[1])):
        latent = rows.loc[rows["kl"].notna(), "latent_dim"].unique()
        sizes = ", ".join(f"{size:g}" for size in sorted(latent)) or "none learned"
        corpora = html.escape(", ".join(rows["corpus"].astype(str).unique()))
        runs.append(
            f"<b>{name}</b>: corpus {corpora}, {rows['seed'].nunique()} seeds, latent size {sizes}."
        )
    if set(a["corpus"]) == set(b["corpus"]):
        how = (
            "Methods with the same seeds in both runs are compared seed by seed (paired t-test), "
            "others by Welch's t-test."
        )
    else:
        how = (
            "The corpora differ, so that seeds do not belong together: Welch's t-test. A "
            "difference between corpora says that one is harder, not that a method is better."
        )
    return (
        f"{' '.join(runs)} {how} Differences are the second run minus the first, with 95% "
        "intervals over seeds; bold ones are clear after Holm's correction for the number of "
        f"methods (p &lt; {CLEAR})."
    )


def _section(table: pd.DataFrame, score: str, names: Sequence[str], is_open: bool) -> str:
    """Write the table of one score, folded unless it is the first."""
    lines = []
    for row in table.itertuples():
        cells = [row.task, row.method]
        cells += ["" if value is None else f"{value:.3f}" for value in (row.a, row.b)]
        cells.append("" if row.difference is None else _signed(row.difference))
        cells.append(row.test if np.isfinite(row.p) else "")
        cells.append(_p(row.p))
        marked = " class='clear'" if row.clear else ""
        line = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
        lines.append(f"<tr{marked}>{line}</tr>")
    head = ["Task", "Method", *names, "Difference", "Test", "p (Holm)"]
    name = title(score)
    shared, clear = (table["test"] != "").sum(), table["clear"].sum()
    fold = "<details open>" if is_open else "<details>"
    return (
        f"{fold}<summary>{name}</summary><div class='scroll'><table>"
        f"<caption>{name}: {shared} methods in both runs, {clear} clear differences.</caption>"
        f"<thead><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div></details>"
    )


def _signed(value: statistics.Interval) -> str:
    return f"+{value:.3f}" if value.mean >= 0 else f"{value:.3f}"


def _p(p: float) -> str:
    if np.isnan(p):
        return ""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _figures(a: Path, b: Path, names: Sequence[str]) -> str:
    """Write the figures of both runs side by side."""
    folders = [folder / "latent_visualization" for folder in (a, b)]
    stems = sorted({path.stem for folder in folders for path in folder.glob("*.png")})
    pairs = []
    for stem in stems:
        shown = []
        for folder, name in zip(folders, names, strict=True):
            path = folder / f"{stem}.png"
            if path.exists():
                data = base64.b64encode(path.read_bytes()).decode()
                alt = html.escape(f"{stem.replace('_', ' ')}, {name}")
                body = f"<img loading='lazy' alt='{alt}' src='data:image/png;base64,{data}'>"
            else:
                body = "<p>This run has no such figure.</p>"
            shown.append(f"<figure><figcaption>{name}</figcaption>{body}</figure>")
        heading = html.escape(stem.replace("_", " ").capitalize())
        pairs.append(f"<h3>{heading}</h3><div class='pair'>{''.join(shown)}</div>")
    return "".join(pairs) or "<p>Neither run has figures.</p>"
