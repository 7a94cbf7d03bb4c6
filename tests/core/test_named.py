"""Names stand for what a package takes from modules, and mean it when they are used."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
from types import ModuleType

import pytest

import fivesigma._core.named as named_module
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


def test_a_name_is_copied_and_pickled_as_the_function_and_knows_instances_of_a_class(
    tmp_path, monkeypatch
) -> None:
    (tmp_path / "a_pickled_one.py").write_text("def add(a, b):\n    return a + b\nclass Base:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with named("a_pickled_one", package="tests"):
        from a_pickled_one import Base, add
    assert pickle.loads(pickle.dumps(add)) is copy.deepcopy(add) is copy.copy(add)
    meant = sys.modules["a_pickled_one"]
    assert copy.copy(add) is meant.add
    assert isinstance(meant.Base(), Base)
    assert not isinstance(3, Base)
    assert issubclass(type("Ours", (meant.Base,), {}), Base)
    assert not issubclass(int, Base)


def test_other_threads_may_import_while_a_name_is_looked_for(tmp_path, monkeypatch) -> None:
    (tmp_path / "a_late_one.py").write_text("value = 5\n")
    monkeypatch.syspath_prepend(tmp_path)
    done, interval = threading.Event(), sys.getswitchinterval()

    def bring() -> None:
        while not done.is_set():
            brought = [f"brought_{k}" for k in range(500)]
            sys.modules.update(dict.fromkeys(brought, sys))
            for each in brought:
                del sys.modules[each]

    other = threading.Thread(target=bring)
    sys.setswitchinterval(1e-6)
    other.start()
    try:
        for _ in range(100):
            sys.modules.pop("a_late_one", None)
            with named("a_late_one", package="tests"):
                import a_late_one
            assert a_late_one.value == 5
    finally:
        done.set()
        other.join()
        sys.setswitchinterval(interval)


def test_a_module_that_another_thread_has_begun_to_import_keeps_its_place(monkeypatch) -> None:
    begun = ModuleType("a_begun_one")

    class Slow(named_module._Named):
        """Stands there after another thread has begun."""

        def __init__(self, name: str, package: str) -> None:
            super().__init__(name, package)
            sys.modules[name] = begun

    monkeypatch.setattr(named_module, "_Named", Slow)
    try:
        with named("a_begun_one", package="tests"):
            assert sys.modules["a_begun_one"] is begun
        assert sys.modules["a_begun_one"] is begun
    finally:
        del sys.modules["a_begun_one"]
