"""Two runs side by side: their scores, the differences with intervals, and their figures."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.catalogue import EXTERNAL, Method, title
from lib.errors import UserError
from lib.evaluation import correct, interval, statistics
from lib.report import results

SAME = ["task", "representation", "beta", "algorithm"]
"""What makes two rows of different runs the same method; its latent size may be what changed."""
SHOWN = [*EXTERNAL, "silhouette_shared", "silhouette"]

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
    """Read the tidy rows of a run, or say why they cannot be read."""
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


def compare(a: pd.DataFrame, b: pd.DataFrame, score: str) -> pd.DataFrame:
    """Compare two runs method by method, the second minus the first.

    Each method has one row: ``task`` and ``method``, its intervals ``a`` and ``b`` (None where a
    run lacks it), the `Difference`, corrected for the number of methods, and the ``test``.
    """
    one_corpus = set(a["corpus"]) == set(b["corpus"])
    first, second = _by_method(a, score), _by_method(b, score)
    rows, differences = [], []
    for key in dict.fromkeys([*first, *second]):
        task, representation, beta, algorithm = key
        sides, test = [first.get(key), second.get(key)], ""
        if all(side is not None for side in sides):
            paired = one_corpus and sides[0].index.equals(sides[1].index)
            test = "paired" if paired else "Welch"
            differences.append(statistics.compare(*sides[::-1], paired=paired))
        intervals = [None if side is None else interval(side) for side in sides]
        rows.append([task, Method(representation, algorithm, beta).title, *intervals, test])
    table = pd.DataFrame(rows, columns=["task", "method", "a", "b", "test"], dtype=object)
    corrected = iter(correct(differences))
    return table.assign(difference=[next(corrected) if test else None for test in table["test"]])


def _by_method(rows: pd.DataFrame, score: str) -> dict[tuple, pd.Series]:
    """Return each method's scores by seed, in the order of seeds."""
    rows = rows.dropna(subset=score)
    # no two NaNs are equal, but the absence of a beta is the same in both runs
    groups = rows.assign(beta=rows["beta"].astype(object).fillna("")).groupby(SAME, sort=False)
    return {method: group.groupby("seed")[score].mean() for method, group in groups}


def page(a: Path, b: Path) -> str:
    """Write one page about two results folders that needs no other file: HTML, with all figures.

    Raises a `UserError` when a folder holds no scores.
    """
    first, second = load(a), load(b)
    names = [html.escape(folder.resolve().name) for folder in (a, b)]
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
        f"methods (p &lt; {statistics.LEVEL})."
    )


def _section(table: pd.DataFrame, score: str, names: Sequence[str], is_open: bool) -> str:
    """Write the table of one score, folded unless it is the first."""
    lines, clear = [], 0
    for row in table.itertuples():
        cells = [row.task, row.method, *("" if i is None else f"{i:.3f}" for i in (row.a, row.b))]
        marked, found = "", row.difference
        if found is not None:
            p = f"{found.p:.3f}" if found.p >= 0.001 else "< 0.001"
            cells += [f"{found:+.3f}", *([] if found.fixed else [row.test, p])]
            clear += found.clear
            marked = " class='clear'" if found.clear else ""
        cells += [""] * (7 - len(cells))
        line = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        lines.append(f"<tr{marked}>{line}</tr>")
    head = ["Task", "Method", *names, "Difference", "Test", "p (Holm)"]
    name, shared = title(score), (table["test"] != "").sum()
    fold = "<details open>" if is_open else "<details>"
    return (
        f"{fold}<summary>{name}</summary><div class='scroll'><table>"
        f"<caption>{name}: {shared} methods in both runs, {clear} clear differences.</caption>"
        f"<thead><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div></details>"
    )


def _figures(a: Path, b: Path, names: Sequence[str]) -> str:
    """Write the figures of both runs side by side."""
    folders = [folder / "latent_visualization" for folder in (a, b)]
    pairs = []
    for stem in sorted({path.stem for folder in folders for path in folder.glob("*.png")}):
        shown, called = "", html.escape(stem.replace("_", " "))
        for folder, name in zip(folders, names, strict=True):
            path, body = folder / f"{stem}.png", "<p>This run has no such figure.</p>"
            if path.exists():
                data = base64.b64encode(path.read_bytes()).decode()
                alt = f"{called}, {name}"
                body = f"<img loading='lazy' alt='{alt}' src='data:image/png;base64,{data}'>"
            shown += f"<figure><figcaption>{name}</figcaption>{body}</figure>"
        pairs.append(f"<h3>{called.capitalize()}</h3><div class='pair'>{shown}</div>")
    return "".join(pairs) or "<p>Neither run has figures.</p>"
