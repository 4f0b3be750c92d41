"""The order of the house: documented doors, and no text that names a file which is not there."""

import importlib
import inspect
import pkgutil
import re
from functools import cached_property
from pathlib import Path

import pytest
from numpydoc.validate import validate

import lib

ROOT = Path(__file__).resolve().parent.parent
CHECKS = {"GL08", "SS03", "SS04", "PR02", "PR03", "PR07", "RT03", "YD01"}
"""Of numpydoc: there is a docstring, and what it says of parameters is complete and true."""


def exported():
    """Give the functions and classes that rooms offer, and the public methods of the latter."""
    for module in pkgutil.walk_packages(lib.__path__, "lib."):
        if not module.ispkg and module.name.count(".") > 1:
            continue  # inside a room
        room = importlib.import_module(module.name)
        for name in getattr(room, "__all__", ()):
            thing = getattr(room, name)
            if inspect.isclass(thing) or inspect.isroutine(thing):
                yield f"{module.name}.{name}"
            if inspect.isclass(thing):
                for method, value in vars(thing).items():
                    documented = property | cached_property | classmethod | staticmethod
                    if method[0] != "_" and (
                        inspect.isroutine(value) or isinstance(value, documented)
                    ):
                        yield f"{module.name}.{name}.{method}"


@pytest.mark.parametrize("name", sorted(set(exported())))
def test_what_a_room_exports_is_documented(name):
    faults = [fault for fault in validate(name)["errors"] if fault[0] in CHECKS]
    assert not faults


TEXTS = ("README.md", "data/README.md", *(f"book/{p.name}" for p in (ROOT / "book").glob("*.md")))


@pytest.mark.parametrize("text", TEXTS)
def test_each_file_and_folder_of_code_that_a_text_names_exists(text):
    pattern = (
        r"\b(?:lib|tools|tests|benchmarks|notebooks)/(?:[\w/]+\.\w+|(?:\w+/)*)"
        r"|(?<=`)[\w/]+\.py(?=`)|(?<=^    )[a-z]+/(?= )"
    )
    named = re.findall(pattern, (ROOT / text).read_text(), re.MULTILINE)
    places = (ROOT, ROOT / "lib")
    assert [path for path in named if not any((home / path).exists() for home in places)] == []


def test_the_readme_has_a_line_for_each_room():
    rooms = {
        package.name.partition(".")[2] for package in pkgutil.iter_modules(lib.__path__, "lib.")
    }
    readme = (ROOT / "README.md").read_text()
    assert {
        room for room in rooms if f"    {room}/ " not in readme and f"`{room}.py`" not in readme
    } == set()
