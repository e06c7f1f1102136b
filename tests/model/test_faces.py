"""The face of a room: names loaded from their files when first asked for."""

import sys
import types

import pytest

from natrium.model.faces import face


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Give a package of two files, neither of which is loaded."""
    package = tmp_path / "roomy"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("first, second = object(), 2\n")
    (package / "two.py").write_text("raise RuntimeError('loaded')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("roomy", "roomy.one", "roomy.two"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    made = types.ModuleType("roomy")
    made.__path__ = [str(package)]
    monkeypatch.setitem(sys.modules, "roomy", made)
    made.__getattr__, made.__dir__ = face("roomy", {"one": ("first", "second"), "two": ("third",)})
    return made


def test_a_name_loads_its_file_and_no_other(room):
    assert "roomy.one" not in sys.modules
    assert room.second == 2
    assert "roomy.one" in sys.modules
    assert "roomy.two" not in sys.modules
    assert room.first is room.first
    assert vars(room)["second"] == 2  # the next time nobody is asked


def test_all_names_are_told(room):
    assert {"first", "second", "third"} <= set(dir(room))


def test_another_name_is_refused(room):
    with pytest.raises(AttributeError, match="module 'roomy' has no attribute 'fourth'"):
        _ = room.fourth


def test_what_fails_as_it_loads_says_so(room):
    with pytest.raises(RuntimeError, match="loaded"):
        _ = room.third
