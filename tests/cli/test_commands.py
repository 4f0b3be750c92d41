"""What is typed: each sub-command does its work, or says in one line why it cannot."""

import importlib
import json
import shutil
import subprocess
import sys
import tomllib

import pytest

from lib import ROOT
from lib.cli import check, commands
from lib.corpora import download, fma
from lib.lyrics import genius


def stopped(*arguments) -> str:
    """The one line with which a command stops."""
    with pytest.raises(SystemExit) as stop:
        commands.main([str(argument) for argument in arguments])
    assert isinstance(stop.value.code, str) and "\n" not in stop.value.code
    return stop.value.code


def test_the_command_is_installed_under_its_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, name = project["scripts"]["music-clustering"].split(":")
    assert getattr(importlib.import_module(module), name) is commands.main


def test_help_names_all_commands_and_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from lib.cli.commands import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "assert not {'numpy', 'pandas', 'torch', 'sklearn', 'librosa'} & {*sys.modules}"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("prepare", "fetch", "lyrics", "compare", "facts", "check"):
        assert f"\n    {name} " in done.stdout


@pytest.mark.parametrize("given", [["--help"], ["lyrics", "--help"], ["lyrics", "genius", "-h"]])
def test_every_help_fits_a_terminal(capsys, monkeypatch, given):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        commands.main(given)
    lines = capsys.readouterr().out.splitlines()
    assert stop.value.code == 0 and max(map(len, lines)) <= 80


def test_an_interrupted_command_says_how_to_go_on(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lib.corpora.load", interrupt)
    assert stopped("prepare", "demo", "note").startswith("stopped: run again")


# prepare ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["gtzann", ""])
def test_a_corpus_that_is_not_there_is_named_and_leaves_nothing(tmp_path, given):
    note = tmp_path / "results" / ".corpus"
    assert stopped("prepare", given, note).startswith(f"there is no corpus {given!r}")
    assert not note.parent.exists()


def test_the_note_changes_when_the_music_or_its_words_do(tones, tmp_path, capsys):
    note = tmp_path / "results" / "tones" / ".corpus"

    def prepared() -> int:
        commands.main(["prepare", str(tones), str(note)])
        return note.stat().st_mtime_ns

    first = prepared()
    assert capsys.readouterr().out == "== tones: 12 tracks, 2 genres, 0.00 h.\n"
    assert prepared() == first
    (tones / "lyrics" / "low").mkdir(parents=True)
    (tones / "lyrics" / "low" / "low 0.txt").write_text("words")
    second = note.read_text()
    assert prepared() != first and note.read_text() != second


def test_a_folder_that_would_mix_its_results_with_others_is_refused(tones, tmp_path):
    note = tmp_path / "results" / "tones" / ".corpus"
    commands.main(["prepare", str(tones), str(note)])
    other = shutil.copytree(tones, tmp_path / "other" / "tones")
    said = stopped("prepare", other, note)
    assert f"has the results of {tones}, and those of {other} would mix" in said
    named = tones.rename(tmp_path / "gtzan")
    said = stopped("prepare", named, tmp_path / "results" / "gtzan" / ".corpus")
    assert "has the name of another corpus" in said
    assert not (tmp_path / "results" / "gtzan").exists()


# fetch ------------------------------------------------------------------------------------------


def test_fetch_brings_metadata_and_audio(tmp_path, monkeypatch, capsys):
    fetched = []

    def fetch(archive, folder):
        fetched.append((archive, folder))
        return folder / archive.name

    monkeypatch.setattr(download, "fetch", fetch)
    for given in (["fma", "medium"], ["fma", "metadata"], ["fma"]):
        commands.main(["fetch", *given, "--data-dir", str(tmp_path)])
    sizes = ("metadata", "medium", "metadata", "metadata", "small")
    assert fetched == [(fma.ARCHIVES[size], tmp_path / "fma") for size in sizes]
    said = capsys.readouterr().out
    assert said.index("licence") < said.index("Please cite: M. Defferrard") < said.index("== ")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("gtzan",), "GTZAN's audio cannot be downloaded any more: data/README.md says"),
        (("demo",), "there is nothing to fetch for corpus 'demo'"),
        (("fma", "tiny"), "FMA comes as metadata, small, medium, large, full, not as 'tiny'"),
        (("fma", "small", "--data-dir", "/nowhere"), "the data folder /nowhere does not exist"),
    ],
)
def test_fetch_says_what_it_cannot_do(arguments, message):
    assert stopped("fetch", *arguments).startswith(message)


# lyrics -----------------------------------------------------------------------------------------


def test_genius_needs_a_token(tones, monkeypatch):
    monkeypatch.delenv(genius.TOKEN, raising=False)
    assert stopped("lyrics", "genius", tones).startswith("GENIUS_ACCESS_TOKEN is not set")


def test_genius_does_not_know_the_songs_of_the_demo_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr("lib.corpora.demo.write_corpus", lambda folder: folder)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "tracks.csv").write_text("track_id,path,duration,genre\na,a.flac,1,x\n")
    said = stopped("lyrics", "genius", "demo", "--data-dir", tmp_path)
    assert said == "the songs of the demo corpus are its own: Genius knows none of them"


def test_transcribe_needs_a_model(tones, tmp_path):
    said = stopped("lyrics", "transcribe", tones, "--model", tmp_path, "--device", "cpu")
    assert "cannot be loaded: name the folder of one" in said


# compare, facts, check --------------------------------------------------------------------------


def test_the_page_lies_beside_the_first_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("lib.report.compare.page", lambda a, b: f"{a.name} and {b.name}")
    runs = [str(tmp_path / "results" / name) for name in ("x", "y")]
    commands.main(["compare", *runs])
    output = tmp_path / "results" / "compare" / "x-y.html"
    assert output.read_text() == "x and y" and str(output) in capsys.readouterr().out
    commands.main(["compare", *runs, str(tmp_path / "page.html")])
    assert (tmp_path / "page.html").read_text() == "x and y"


def test_compare_names_a_folder_without_results(tmp_path):
    assert str(tmp_path / "x") in stopped("compare", tmp_path / "x", tmp_path / "y")


def test_facts_are_written_as_json(tmp_path, monkeypatch):
    monkeypatch.setattr("lib.report.facts.gather", lambda folder: {"β": folder.name})
    commands.main(["facts", str(tmp_path), str(tmp_path / "new" / "facts.json")])
    assert json.loads((tmp_path / "new" / "facts.json").read_text()) == {"β": tmp_path.name}


def test_check_runs_all_checks_and_fails_when_one_does(monkeypatch, capsys):
    def works():
        return "it works"

    def broken():
        raise OSError("it does not")

    monkeypatch.setattr(check, "CHECKS", [broken, works])
    with pytest.raises(SystemExit) as stop:
        commands.main(["check"])
    assert stop.value.code == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("FAIL  broken    OSError: it does not (")
    assert second.startswith("pass  works     it works (")
    monkeypatch.setattr(check, "CHECKS", [works])
    commands.main(["check"])


@pytest.mark.parametrize("name", ["features", "model", "clusters", "figure", "data"])
def test_a_check_passes_here(name):
    assert getattr(check, name)()
