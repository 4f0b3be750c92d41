"""The listening map in a browser: what the mouse, the fingers, the keys and the ears find."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from lib.figures import ListeningMap

EVIL = '<img src=x onerror="document.title=1"></script><script>document.title=1</script>'
TITLES = ["Café del Sol", "পুরোনো স্রোত", EVIL, "東京の夜", "Silent Candle", "Tin Roof"]
PLACES = np.array([[-2.0, 0], [2, 0], [-0.5, 2], [0, -2], [0.2, 0.1], [5, 5]])
OTHERS = PLACES[::-1] * [1, -1]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory) -> pd.DataFrame:
    """Return six tracks of two seconds; the last one's file is missing."""
    folder = tmp_path_factory.mktemp("music")
    time = np.arange(2 * 22050) / 22050
    paths = [folder / f"{i}.wav" for i in range(6)]
    for i, path in enumerate(paths[:-1]):
        soundfile.write(path, 0.3 * np.sin(2 * np.pi * 220 * (i + 1) * time), 22050)
    return pd.DataFrame(
        {
            "track_id": [f"t{i}" for i in range(6)],
            "path": [str(path) for path in paths],
            "title": TITLES,
            "artist": ["Ana", "ভোরের ডাকঘর", "<b>Eve</b>", "", "Amber", "Zoë"],
            "duration": 2.0,
        }
    )


GROUPS = {"Genre": ["jazz", "baul", "jazz", "rock", "rock", ""], "Cluster": [0, 1, 1, 0, -1, 1]}


@pytest.fixture(scope="module")
def chart(tracks) -> ListeningMap:
    return ListeningMap(tracks, {"VAE, t-SNE": PLACES, "PCA": OTHERS}, GROUPS)


@pytest.fixture(scope="module")
def saved(chart, tmp_path_factory) -> str:
    """Return the address of the saved page."""
    return chart.save(tmp_path_factory.mktemp("map with space")).as_uri()


@pytest.fixture
def shown(page, saved):
    """Open the map, and hold at the end that nothing failed and no request left the page."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(saved)
    page.wait_for_function("() => plot.bounds && !plot.pending")
    page.evaluate("() => { audio.loop = true; }")  # a slow test meets none that ended by itself
    yield page
    assert page.record.clean(), vars(page.record)
    assert page.title() == "Listening map"  # no title has run


def place(page, i: int) -> tuple[float, float]:
    """Return where on the screen a track is."""
    page.wait_for_function("() => !plot.pending")
    box = page.locator("#stage").bounding_box()
    x, y = page.evaluate("i => plot.at(i)", i)
    return box["x"] + x, box["y"] + y


def hears(page) -> bool:
    """Wait until a sound has played: decoded, and moved on."""
    page.wait_for_function("() => audio.played.length && audio.played.end(0) > 0.05")
    return page.evaluate("() => audio.readyState >= 2 && !audio.error")


def colours(page) -> np.ndarray:
    """Return the colours that fill a marker at least, (n, 3)."""
    found = page.evaluate(
        """() => {
          plot.paint();
          const { width, height } = plot.canvas;
          const { data } = plot.context.getImageData(0, 0, width, height);
          const counts = {};
          for (let k = 0; k < data.length; k += 4) {
            if (data[k + 3] < 200) continue;
            const colour = [data[k], data[k + 1], data[k + 2]];
            counts[colour] = (counts[colour] || 0) + 1;
          }
          return Object.keys(counts).filter((colour) => counts[colour] >= 20);
        }"""
    )
    return np.array([colour.split(",") for colour in found], int)


def test_the_map_is_drawn_in_the_colours_of_the_genres(shown):
    drawn = colours(shown)
    # all but the last track's, which has no excerpt and is drawn as an outline
    for colour in shown.evaluate("() => grouping.groups.slice(0, 3).map((group) => group.colour)"):
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert np.abs(drawn - rgb).max(axis=1).min() <= 4


def test_hovering_names_the_track_as_text(shown):
    for i in (0, 1, 2):
        shown.mouse.move(*place(shown, i))
        assert shown.locator("#tip b").inner_text() == TITLES[i]
    assert shown.locator("#tip").inner_text().split("\n")[1:] == [
        "<b>Eve</b>", "Genre: jazz", "Cluster: 1"
    ]  # fmt: skip
    assert shown.locator("#tip img, #tip script").count() == 0
    shown.mouse.move(5, 5)
    assert shown.locator("#tip").is_hidden()


def test_a_click_plays_one_track_and_the_next_click_another(shown):
    shown.mouse.click(*place(shown, 0))
    assert hears(shown)
    assert shown.locator("#title").inner_text() == TITLES[0]
    shown.locator("#playing").wait_for(state="visible")
    first = shown.evaluate("() => audio.src")
    shown.mouse.click(*place(shown, 1))
    assert hears(shown)
    assert shown.evaluate("() => audio.src") != first
    assert shown.evaluate("() => document.querySelectorAll('audio').length") == 1
    shown.mouse.click(*place(shown, 1))
    assert shown.evaluate("() => audio.paused")
    shown.locator("#playing").wait_for(state="hidden")


def test_an_excerpt_ends_by_itself(shown):
    shown.mouse.click(*place(shown, 4))
    assert hears(shown)
    assert shown.evaluate("() => audio.duration") == pytest.approx(2, abs=0.2)
    shown.evaluate("() => { audio.loop = false; }")
    shown.wait_for_function("() => playing === -1")
    shown.locator("#playing").wait_for(state="hidden")


def test_a_track_without_an_excerpt_says_so(shown):
    shown.mouse.click(*place(shown, 5))
    assert "no excerpt on this page" in shown.locator("#tip").inner_text()
    assert shown.evaluate("() => audio.paused")
    assert shown.locator("#play").is_disabled()
    assert "5 of them (filled)" in shown.locator("#note").inner_text()


SEARCHES = {
    "cafe": [0], "স্রোত": [1], "東京": [3], "zoe": [5], "<script>": [2], "JAZZ eve": [2],
    "rock": [3, 4], "nothing of the kind": [],
}  # fmt: skip


def test_search_finds_lights_and_centres(shown):
    lit = "() => plot.lit && [...plot.lit.keys()].filter((i) => plot.lit[i])"
    for query, found in SEARCHES.items():
        shown.fill("#search", query)
        shown.wait_for_function("query => searched === plain(query) && !plot.pending", arg=query)
        assert shown.locator("#list .name").all_inner_texts() == [TITLES[i] for i in found]
        said = f"{len(found)} found" if found else "Nothing found"
        assert shown.locator("#found").inner_text() == said
        assert shown.evaluate(lit) == (found or None)
        if found:
            assert shown.evaluate("() => plot.zoom") > 1
        for i in found:
            x, y = shown.evaluate(
                "i => [plot.at(i)[0] / plot.width, plot.at(i)[1] / plot.height]", i
            )
            assert 0 < x < 1 and 0 < y < 1
    shown.fill("#search", "cafe")
    shown.fill("#search", "")
    shown.wait_for_function("() => plot.lit === null && plot.zoom === 1")


def test_enter_in_the_search_plays_what_was_found(shown):
    shown.keyboard.press("/")
    shown.keyboard.type("silent")
    shown.keyboard.press("Enter")
    assert hears(shown)
    assert shown.locator("#title").inner_text() == "Silent Candle"
    assert shown.evaluate("() => document.activeElement.id") == "stage"


def test_the_keyboard_walks_plays_and_stops(shown):
    for _ in range(12):
        shown.keyboard.press("Tab")
        if shown.evaluate("() => document.activeElement.id") == "stage":
            break
    assert shown.evaluate("() => current") >= 0  # entering the map chooses a track
    shown.evaluate("() => focusOn(4)")
    for key, there in (("ArrowLeft", 0), ("ArrowRight", 4), ("ArrowRight", 1), ("ArrowUp", 5),
                       ("ArrowDown", 1)):  # fmt: skip
        shown.keyboard.press(key)
        assert shown.evaluate("() => current") == there
        assert shown.locator("#live").inner_text().startswith(TITLES[there])
        shown.locator("#tip b", has_text=TITLES[there]).wait_for()
    shown.keyboard.press("Enter")
    assert hears(shown)
    shown.wait_for_function("() => live.textContent.startsWith('Playing')")
    shown.keyboard.press("Escape")
    assert shown.evaluate("() => audio.paused")
    shown.keyboard.press("Space")
    assert hears(shown)


def test_the_legend_filters(shown):
    assert shown.locator("#groups .name").all_inner_texts() == ["baul", "jazz", "rock", "unknown"]
    jazz = shown.locator("#groups button").nth(1)
    jazz.click()
    assert jazz.get_attribute("aria-pressed") == "false"
    assert shown.evaluate("() => [...plot.shown]") == [0, 1, 0, 1, 1, 1]
    shown.mouse.move(*place(shown, 0))
    assert shown.locator("#tip").is_hidden()
    shown.locator("#all").click()
    assert shown.evaluate("() => [...plot.shown]") == [1] * 6
    jazz.dblclick()
    assert shown.evaluate("() => [...plot.shown]") == [1, 0, 1, 0, 0, 0]


def test_space_and_colour_can_be_chosen(shown):
    before = place(shown, 0)
    shown.select_option("#space", "PCA")
    assert np.hypot(*np.subtract(place(shown, 0), before)) > 50
    shown.select_option("#colour", "Cluster")
    assert shown.locator("#groups .name").all_inner_texts() == ["0", "1", "noise"]
    assert shown.locator("#legend-name").inner_text() == "Cluster"


def test_wheel_buttons_and_dragging_move_the_view(shown):
    x, y = place(shown, 0)
    shown.mouse.move(x, y)
    shown.mouse.wheel(0, -300)
    shown.wait_for_function("() => plot.zoom > 1.5")
    assert place(shown, 0) == pytest.approx((x, y), abs=1)  # what is under the mouse stays there
    shown.mouse.move(x + 100, y + 60)
    shown.mouse.down()
    shown.mouse.move(x + 130, y + 40, steps=4)
    shown.mouse.up()
    assert place(shown, 0) == pytest.approx((x + 30, y - 20), abs=8)
    assert shown.evaluate("() => audio.paused")  # a drag is no click
    shown.locator("#whole").click()
    assert shown.evaluate("() => plot.zoom") == 1
    shown.locator("#in").click()
    assert shown.evaluate("() => plot.zoom") == pytest.approx(1.6)


def test_dark_mode_is_dark(shown):
    def lightness() -> float:
        colour = shown.evaluate("() => getComputedStyle(document.body).backgroundColor")
        return np.mean([int(v) for v in colour[4:-1].split(",")])

    assert lightness() > 200
    shown.emulate_media(color_scheme="dark")
    assert lightness() < 60


def test_a_phone_shows_it_and_a_finger_plays_it(new_page, saved):
    page = new_page(viewport={"width": 375, "height": 720}, has_touch=True, is_mobile=True)
    page.goto(saved)
    page.wait_for_function("() => plot.bounds && !plot.pending")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 375
    assert page.evaluate("() => plot.width") > 330
    page.touchscreen.tap(*place(page, 1))
    assert hears(page)
    assert page.locator("#title").inner_text() == TITLES[1]


def test_a_corpus_without_sound_and_labels_is_still_a_map(page, tmp_path):
    silent = pd.DataFrame({"track_id": ["one", "two", "three"]})
    maps = {"PCA": np.array([[0, 0], [1, 1], [np.nan, 0]])}
    page.goto(ListeningMap(silent, maps, {}).save(tmp_path).as_uri())
    page.wait_for_function("() => plot.bounds && !plot.pending")
    assert "There is no audio" in page.locator("#about").inner_text()
    assert "1 have no place on this map" in page.locator("#note").inner_text()
    assert page.locator("#legend").is_hidden()
    page.mouse.click(*place(page, 1))
    assert page.locator("#tip").inner_text() == "two"
    assert len(colours(page))
    assert page.record.clean(), vars(page.record)


def test_a_notebook_page_shows_it_in_its_own_theme(page, chart, tmp_path):
    output = chart._repr_mimebundle_()["text/html"]
    book = tmp_path / "book.html"
    book.write_text(f'<!DOCTYPE html><html data-theme="dark"><body>{output}</body></html>', "utf-8")
    page.goto(book.as_uri())
    page.wait_for_selector("iframe")
    frame = next(frame for frame in page.frames if frame != page.main_frame)
    frame.wait_for_function("() => plot.bounds && !plot.pending")
    assert frame.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.evaluate("() => { document.documentElement.dataset.theme = 'light' }")
    frame.wait_for_function("() => document.documentElement.dataset.theme === 'light'")
    x, y = frame.evaluate("() => plot.at(0)")
    frame.locator("#stage").click(position={"x": x, "y": y})
    assert hears(frame)
    assert frame.locator("#title").inner_text() == TITLES[0]
    assert page.record.clean(), vars(page.record)


def test_a_page_opened_from_a_file_is_told_the_theme(page, saved, tmp_path):
    book = tmp_path / "book.html"
    book.write_text(f'<!DOCTYPE html><iframe src="{saved}" width="900" height="700"></iframe>')
    page.goto(book.as_uri())
    frame = page.wait_for_selector("iframe").content_frame()
    frame.wait_for_function("() => plot.bounds && !plot.pending")
    page.evaluate("() => frames[0].postMessage({ theme: 'dark' }, '*')")
    frame.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    x, y = frame.evaluate("() => plot.at(0)")
    frame.locator("#stage").click(position={"x": x, "y": y})
    assert hears(frame)
    assert page.record.clean(), vars(page.record)
