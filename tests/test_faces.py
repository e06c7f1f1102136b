"""The face of a package: names loaded from their files when first asked for."""

import importlib
import sys

import pytest

FACE = """
from typing import TYPE_CHECKING

from natrium.faces import face as _face

if TYPE_CHECKING:
    from roomy.one import first as first
    from roomy.one import second as second
    from roomy.two import third as third

__getattr__, __dir__ = _face(__name__)
"""


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Give a package of two files, neither of which is loaded."""
    package = tmp_path / "roomy"
    package.mkdir()
    (package / "__init__.py").write_text(FACE)
    (package / "one.py").write_text("first, second = object(), 2\n")
    (package / "two.py").write_text("raise RuntimeError('loaded')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("roomy", "roomy.one", "roomy.two"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module("roomy")
    for name in ("roomy", "roomy.one", "roomy.two"):
        sys.modules.pop(name, None)


def test_a_name_loads_its_file_and_no_other(room):
    assert "roomy.one" not in sys.modules
    assert room.second == 2
    assert "roomy.one" in sys.modules
    assert "roomy.two" not in sys.modules
    assert room.first is room.first
    assert vars(room)["second"] == 2  # the next time nobody is asked


def test_all_names_are_told(room):
    assert {"first", "second", "third"} <= set(dir(room))
    assert room.__all__ == ["first", "second", "third"]


def test_another_name_is_refused(room):
    with pytest.raises(AttributeError, match="module 'roomy' has no attribute 'fourth'"):
        _ = room.fourth


def test_what_fails_as_it_loads_says_so(room):
    with pytest.raises(RuntimeError, match="loaded"):
        _ = room.third
