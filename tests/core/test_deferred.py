"""Dataclasses whose methods are compiled late are those whose methods are compiled at once."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import json
import pickle
import re
import subprocess
import sys
import threading

import pytest

from fivesigma._core import deferred

pytestmark = pytest.mark.skipif(deferred._at_once is None, reason="Python compiles them together")


def made(late: bool, *, doc: str | None = None, **options):
    """A dataclass, a frozen or ordered one by ``options``, with methods that come late or are there at once."""

    def describe(self):
        return "described"

    body = {
        "__annotations__": {"x": float, "names": "tuple[str, ...]", "kept": dict},
        "__module__": deferred.__name__ if late else __name__,
        "__qualname__": "Sample",
        "__doc__": doc,
        "names": ("a",),
        "kept": dataclasses.field(default_factory=dict, compare=False),
        "describe": describe,
    }
    return dataclasses.dataclass(**options)(type("Sample", (), body))


OPTIONS = [
    *({}, {"frozen": True}, {"eq": False}, {"repr": False}, {"frozen": True, "eq": False}, {"order": True}),
    *({"slots": True}, {"frozen": True, "slots": True}, {"unsafe_hash": True}, {"kw_only": True}),
]


@pytest.fixture(params=OPTIONS, ids=str)
def both(request):
    return made(False, **request.param), made(True, **request.param)


def _outcome(function):
    try:
        return function()
    except Exception as error:  # which one, and what it says, is compared
        return type(error), str(error)


METHODS = ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__lt__", "__le__")


def test_they_are_not_there_before_they_are_wanted():
    kind = made(True, doc="A sample.", frozen=True)
    late = {name for name in METHODS if type(vars(kind).get(name)).__name__ == "_Deferred"}
    assert late == {"__init__", "__eq__", "__hash__", "__setattr__", "__delattr__"}
    kind(1.0)
    assert inspect.isfunction(vars(kind)["__init__"])


@pytest.mark.parametrize(
    "use",
    [
        *(
            inspect.signature,
            lambda kind: [f.name for f in dataclasses.fields(kind)],
            lambda kind: repr(kind(x=1.0)),
        ),
        *(lambda kind: kind(x=1.0) == kind(x=1.0), lambda kind: kind(x=1.0) == kind(x=2.0)),
        *(lambda kind: kind(x=1.0) < kind(x=2.0), lambda kind: kind(1.0, ("b",)).names, lambda kind: kind()),
        *(lambda kind: kind(x=1.0, other=2), lambda kind: setattr(kind(x=1.0), "x", 2.0)),
        *(lambda kind: delattr(kind(x=1.0), "x"), lambda kind: setattr(kind(x=1.0), "fresh", 2.0)),
        *(
            lambda kind: len({hash(each) for each in [kind(x=1.0), kind(x=1.0)]}),
            lambda kind: {kind(x=1.0): 1}[kind(x=1.0)],
        ),
        *(lambda kind: dataclasses.replace(kind(x=1.0), x=3.0).x, lambda kind: copy.copy(kind(x=1.0)).x),
        *(lambda kind: dataclasses.asdict(kind(x=1.0)), lambda kind: copy.deepcopy(kind(x=1.0)).x),
        *(
            lambda kind: kind.__doc__,
            lambda kind: kind.__init__.__qualname__,
            lambda kind: kind.__repr__.__qualname__,
        ),
        *(lambda kind: kind.__repr__.__doc__, lambda kind: kind.__init__.__annotations__),
        *(lambda kind: kind(x=1.0).kept is kind(x=1.0).kept, lambda kind: kind.__match_args__),
        lambda kind: kind.__eq__ is kind.__eq__,
    ],
)
def test_what_is_asked_of_one_is_answered_alike(both, use):
    at_once, late = (_outcome(lambda kind=kind: use(kind)) for kind in both)
    at_once, late = (re.sub(r" at 0x[0-9a-f]+", "", str(each)) for each in (at_once, late))
    assert at_once.replace(__name__, "") == late.replace(deferred.__name__, "")


def test_an_heir_calls_what_it_inherits(both):
    for kind in both:
        options = {"frozen": True} if kind.__dataclass_params__.frozen else {}

        @dataclasses.dataclass(**options)
        class Heir(kind):
            y: float = 2.0

        class Plain(kind):
            def __init__(self) -> None:
                super().__init__(x=5.0)

        assert Heir(x=1.0).y == 2.0
        if not options:
            assert Plain().x == 5.0


def test_an_object_that_answers_for_any_name_is_not_asked_while_it_is_made():
    class Open(made(True, doc="A sample.")):
        def __getattr__(self, name):
            return self.kept[name]

    assert Open(1.0, kept={"a": 2}).a == 2


def test_many_threads_may_want_one_at_once():
    kind, found = made(True, frozen=True), []
    threads = [threading.Thread(target=lambda: found.append(kind(1.0) == kind(1.0))) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [True] * 16


def test_classes_of_others_are_compiled_at_once():
    assert all(type(value).__name__ != "_Deferred" for value in vars(made(False, frozen=True)).values())


def test_objects_of_ours_are_pickled_and_found_again():
    from fivesigma.study.plan import Fit, Sample

    fit = Fit("a", Sample("fold", 2))
    assert pickle.loads(pickle.dumps(fit)) == fit
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.model = "b"


_EVERY = """
import dataclasses, inspect, json, pkgutil, importlib, re, sys
if {at_once}:
    whole = dataclasses._create_fn
    import fivesigma
    dataclasses._create_fn = whole
import fivesigma
for each in pkgutil.walk_packages(fivesigma.__path__, "fivesigma."):
    if each.name.split(".")[1] in ("record", "risk", "study", "data") and "__main__" not in each.name:
        importlib.import_module(each.name)
found = {{}}
for name, module in sorted(sys.modules.items()):
    if not name.startswith("fivesigma"):
        continue
    for kind in vars(module).values():
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == name:
            methods = [getattr(kind, each) for each in ("__init__", "__repr__", "__eq__", "__hash__", "__setattr__")]
            found[f"{{name}}.{{kind.__qualname__}}"] = [
                str(inspect.signature(kind)), kind.__doc__, *(getattr(each, "__qualname__", None) for each in methods)
            ]
print(re.sub(r" at 0x[0-9a-f]+", "", json.dumps(found)))
"""


@functools.cache
def _every(at_once: bool):
    code = _EVERY.format(at_once=at_once)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_record_of_the_package_looks_alike():
    late = _every(False)
    assert len(late) > 300
    assert late == _every(True)
