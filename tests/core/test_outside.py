"""What other packages bring: loaded by name, once, and a broken one is named in a sentence."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from fivesigma._core import outside as module
from fivesigma._core.errors import InputError
from fivesigma._core.outside import outside


@pytest.fixture
def registered(monkeypatch):
    """Hand out entry points; what was found before is forgotten."""
    points: list[EntryPoint] = []
    monkeypatch.setattr(module, "entry_points", lambda group: [p for p in points if p.group == group])
    outside.cache_clear()
    yield points
    outside.cache_clear()


def test_what_is_registered_comes_in_the_order_of_its_names(registered):
    registered += [
        EntryPoint("second", "json:loads", "fivesigma.tasks"),
        EntryPoint("first", "math:pi", "fivesigma.tasks"),
        EntryPoint("other", "math:e", "fivesigma.analyses"),
    ]
    assert list(outside("tasks")) == ["first", "second"]
    assert outside("tasks")["second"]("1") == 1
    assert outside("tasks") is outside("tasks")
    assert outside("nothing") == {}


@pytest.mark.parametrize("place", ["no_such_package:x", "math:no_such_name"])
def test_a_broken_one_is_named_with_what_to_do(registered, place):
    registered.append(EntryPoint("mine", place, "fivesigma.tasks"))
    with pytest.raises(InputError, match=r"'mine' of fivesigma\.tasks cannot be loaded .*mend or remove"):
        outside("tasks")
