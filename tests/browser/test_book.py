"""Every page of the book in a browser: clean, self-contained, legible, light, on a phone too.

The book of the last report is looked at; where there is none, a small one is built from the
outputs that are stored in the notebooks.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_BYTES = 8_000_000
"""Of one page with everything that it loads: script, fonts, figures and the music inside it."""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def book(browser, tmp_path_factory) -> Path:
    """Return the folder of the HTML book: the last report, or one built on the spot."""
    built = ROOT / "_build" / "html"
    if (built / "book" / "index.html").exists():
        return built
    copy = tmp_path_factory.mktemp("book")
    shutil.copytree(ROOT / "book", copy / "book", ignore=shutil.ignore_patterns("results"))
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, copy)
    (copy / "book" / "results").mkdir()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, copy / "book" / "results")
    # without a run there are no facts to quote, so warnings are no errors here
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-q"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    built = copy / "_build" / "html"
    _draw_map(built / "map")
    return built


def _draw_map(folder: Path) -> None:
    """Put a small map where the report puts that of its corpus."""
    import pandas as pd

    from lib.figures import ListeningMap

    points = np.random.default_rng(0).normal(size=(9, 2))
    tracks = pd.DataFrame({"track_id": [f"track {i}" for i in range(9)], "title": "", "artist": ""})
    tracks = tracks.assign(path="", duration=np.nan)
    ListeningMap(tracks, {"points": points}, {"Genre": ["a", "b", "c"] * 3}).save(folder)


def pages(book: Path) -> list[Path]:
    return sorted((book / "book").rglob("*.html"))


def opened(page, path: Path):
    """Open a page of the book and wait until it has settled."""
    page.goto(path.as_uri())
    page.wait_for_load_state("load")
    if page.locator(".math").count():
        page.wait_for_function("window.MathJax?.startup?.promise !== undefined")
        page.evaluate("MathJax.startup.promise")
    return page


def test_every_page_is_clean_self_contained_and_light(page, book):
    weights = {}
    for path in pages(book):
        page.record.requests.clear()
        opened(page, path)
        assert not page.record.errors, f"{path.name}: {page.record.errors}"
        assert not page.record.failed, f"{path.name}: {page.record.failed}"
        assert not page.record.outside(), f"{path.name}: {page.record.outside()}"
        files = {unquote(urlparse(url).path) for url in page.record.requests if url[:5] == "file:"}
        weights[path.name] = sum(Path(file).stat().st_size for file in files)
    assert max(weights.values()) < MOST_BYTES, weights


def test_maths_is_set_everywhere(page, book):
    seen = 0
    for path in pages(book):
        opened(page, path)
        formulas = page.locator(".math")
        seen += formulas.count()
        assert page.locator(".math mjx-container").count() >= formulas.count(), path.name
        assert page.locator("mjx-merror").count() == 0, path.name
    assert seen > 10


def test_every_figure_shows_something_and_says_what(page, book):
    seen = 0
    for path in pages(book):
        opened(page, path)
        for figure in page.locator("article img").all():
            assert len(figure.get_attribute("alt") or "") > 10, f"{path.name}: no alt text"
            figure.scroll_into_view_if_needed()
            assert figure.evaluate("image => image.complete && image.naturalWidth > 200"), path.name
            shown = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("L"), float)
            assert shown.std() > 5, f"{path.name}: a blank figure"
            seen += 1
    assert seen > 5


def test_tables_and_references_are_resolved(page, book):
    for path in pages(book):
        text = opened(page, path).inner_text("article")
        for left in ("{numref}", "{cite", "{ref}", "{fact}", "IPython.core", "Text(", "<Figure"):
            assert left not in text, f"{path.name}: {left}"


def test_no_page_is_wider_than_a_phone(page, book):
    page.set_viewport_size(PHONE)
    for path in pages(book):
        opened(page, path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{path.name} is {width} pixels wide"
        # what is wider than the screen must scroll in a box of its own
        cut = page.evaluate(
            """() => [...document.querySelectorAll("article p, article audio, article figure")]
                .filter(e => e.offsetParent && !e.closest("table, pre, .math"))
                .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
                .map(e => e.outerHTML.slice(0, 80))"""
        )
        assert not cut, f"{path.name}: {cut}"


def test_figures_stay_legible_in_the_dark(page, book):
    """Dark letters on a transparent or dark ground would be lost: figures keep a white card."""
    page.emulate_media(color_scheme="dark")
    for path in pages(book):
        opened(page, path)
        assert page.evaluate("document.documentElement.dataset.theme") == "dark", path.name
        for figure in page.locator("article img").all()[:3]:
            figure.scroll_into_view_if_needed()
            shown = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("L"), float)
            assert np.quantile(shown, 0.9) > 200, f"{path.name}: a dark figure"
