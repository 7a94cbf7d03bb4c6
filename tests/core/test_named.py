"""Names stand for what a package takes from modules, and mean it when they are used."""

from __future__ import annotations

import json
import sys
import threading

import pytest

from fivesigma._core.named import named


def test_a_name_means_the_function_and_a_class_can_be_made_of_a_named_one(tmp_path, monkeypatch) -> None:
    (tmp_path / "a_named_one.py").write_text("def add(a, b):\n    return a + b\nclass Base:\n    value = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    with named("a_named_one", package="tests"):
        from a_named_one import Base, add
    assert "a_named_one" not in sys.modules
    assert add(1, b=2) == 3
    assert Base.value == 3

    class Ours(Base):
        """Made of what the name means."""

    assert Ours.__mro__[1] is sys.modules["a_named_one"].Base


def test_another_thread_has_the_functions_themselves_at_the_same_time(tmp_path, monkeypatch) -> None:
    (tmp_path / "another_named_one.py").write_text("class Base:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    with named("another_named_one", package="tests"):
        thread = threading.Thread(
            target=lambda: found.append(isinstance(__import__("another_named_one").Base, type))
        )
        thread.start()
        thread.join()
    assert found == [True]


def test_what_is_here_already_is_not_named() -> None:
    with named("json", package="tests"):
        assert __import__("json") is json


def test_a_name_that_is_not_there_says_so(tmp_path, monkeypatch) -> None:
    (tmp_path / "an_empty_one.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with named("an_empty_one", package="tests"):
        from an_empty_one import nothing
    with pytest.raises(AttributeError, match="nothing"):
        nothing()
