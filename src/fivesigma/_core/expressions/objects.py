"""What expressions say of objects and four-vectors: ``muon[0].pt``, ``count(muon)``, ``mass(muon[0] + muon[1])``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from fivesigma._core.collection import MOMENTUM, Collection
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.expressions.evaluator import Evaluator
from fivesigma._core.expressions.functions import Value
from fivesigma._core.expressions.values import as_column
from fivesigma._core.kinematics import FourVector, missing_momentum

READ_OFF = (*MOMENTUM, "rapidity")
"""What is read off a four-vector by a dot or a function."""


@dataclass(frozen=True)
class Member:
    """Member ``place`` of a collection in each event."""

    of: Collection
    place: int


def plain(walk: Evaluator, thing: Value, node: ast.AST) -> Value:
    """Return a value that is no object; transverse momentum is its magnitude where a number is needed."""
    if isinstance(thing, FourVector) and thing.transverse:
        return thing.pt
    if not isinstance(thing, (Collection, Member, FourVector)):
        return thing
    shown = walk.shown(node)
    if isinstance(thing, Collection):
        raise walk.refusal(
            f"{shown} is all {shown} objects of an event, not a number; write {shown}[0].{_first(thing)} for the "
            f"first, count({shown}), or sum({shown}.{_first(thing)})"
        )
    if isinstance(thing, Member) and not thing.of.momentum:
        raise walk.refusal(f"{shown} is an object, not a number; write {shown}.{_first(thing.of)}")
    raise walk.refusal(f"{shown} is a four-vector, not a number; write mass({shown}) or pt({shown})")


def _first(collection: Collection) -> str:
    return next(iter(collection.names), "pt")


def repeated(walk: Evaluator, value: Value) -> Value:
    """Return what is one an event as one a member, where members are asked for."""
    if walk.members is None or np.ndim(value) == 0:
        return value
    return walk.members.repeated(value)


def _spread(walk: Evaluator, vector: FourVector) -> FourVector:
    return vector if walk.members is None else vector.each(walk.members.repeated)


def named(walk: Evaluator, found: Collection | FourVector) -> Value:
    """Return what a name stands for: of the members that are asked for, their momenta."""
    if isinstance(found, FourVector):
        return _spread(walk, found)
    if found is walk.members:
        return _momenta(walk, found)
    return found


def _momenta(walk: Evaluator, collection: Collection) -> FourVector:
    if not collection.momentum:
        raise walk.refusal(
            f"{collection.name} has no momentum; add momentum = [...] to objects.{collection.name}"
        )
    return collection.vectors


def member(walk: Evaluator, node: ast.Subscript) -> Value:
    """Return ``muon[0]``."""
    assert isinstance(node.value, ast.Name)
    assert isinstance(node.slice, ast.Constant)
    word = node.value.id
    found = walk.objects.get(word)
    if isinstance(found, Collection):
        return Member(found, int(node.slice.value))  # type: ignore[arg-type]
    known = [name for name, each in walk.objects.items() if isinstance(each, Collection)]
    listed = f" Objects: {', '.join(known)}." if known else " No objects are declared, only four-vectors."
    word = walk.parsed.column(word) or word
    raise walk.refusal(f"{word!r} is not an object", did_you_mean(word, known) or listed)


def field_of(walk: Evaluator, node: ast.Attribute) -> Value:
    """Return ``muon[0].pt``, ``(a + b).mass``, and ``jet.pt`` where the members of jet are asked for."""
    if isinstance(node.value, ast.Name) and node.value.id not in walk.objects:
        raise _unknown_object(walk, node)
    own = isinstance(node.value, ast.Name) and walk.objects[node.value.id]
    if isinstance(own, Collection):
        _check_field(walk, own, node.attr)
        if own is walk.members:
            return as_column(own.field(node.attr))
        raise walk.refusal(_one_each(own.name, node.attr))
    thing = walk.thing(node.value)
    if isinstance(thing, Member):
        _check_field(walk, thing.of, node.attr)
        return repeated(walk, thing.of.leading(node.attr, thing.place))
    if isinstance(thing, FourVector):
        return _read_off(walk, node.attr, thing)
    raise walk.refusal("a dot stands after an object or a four-vector only, as in muon[0].pt")


def _unknown_object(walk: Evaluator, node: ast.Attribute) -> InputError:
    assert isinstance(node.value, ast.Name)
    word = walk.parsed.column(node.value.id) or node.value.id
    hint = did_you_mean(word, walk.objects) or f" Declared are {', '.join(walk.objects)}."
    return walk.refusal(f"{word!r} is neither an object nor a four-vector", hint)


def _one_each(name: str, field: str) -> str:
    return (
        f"{name}.{field} has one value for each {name} of an event; write {name}[0].{field} for the first, or "
        f"sum({name}.{field}), min, max, count or any of it"
    )


def _check_field(walk: Evaluator, collection: Collection, word: str) -> None:
    if word not in collection.names:
        hint = did_you_mean(word, collection.names) or f" It has {', '.join(collection.names)}."
        raise walk.refusal(f"{word!r} is not a field of {collection.name}", hint)


def _read_off(walk: Evaluator, word: str, vector: FourVector) -> Value:
    if word not in READ_OFF:
        hint = did_you_mean(word, READ_OFF) or f" It has {', '.join(READ_OFF)}."
        raise walk.refusal(f"{word!r} is not read off a four-vector", hint)
    return getattr(vector, word)


def combined(walk: Evaluator, things: Sequence[Value], node: ast.BinOp) -> FourVector | None:
    """Return the sum or difference of two four-vectors; None of what is neither."""
    if not all(isinstance(each, (Member, FourVector)) for each in things):
        return None
    if isinstance(node.op, (ast.Add, ast.Sub)):
        left, right = (vector(walk, each, walk.shown(node)) for each in things)
        return left + right if isinstance(node.op, ast.Add) else left - right
    if all(isinstance(each, FourVector) and each.transverse for each in things):
        return None  # their magnitudes
    raise walk.refusal(f"{walk.shown(node)} is not defined; four-vectors are added and subtracted")


def vector(walk: Evaluator, thing: Value, shown: str) -> FourVector:
    """Return the four-vectors that a value is; a refusal of what is none."""
    if isinstance(thing, FourVector):
        return thing
    if isinstance(thing, Member):
        if not thing.of.momentum:
            _momenta(walk, thing.of)
        return _spread(walk, thing.of.leading_vector(thing.place))
    if isinstance(thing, Collection):
        raise walk.refusal(
            f"{shown} takes one four-vector an event, and {thing.name} is all of them; write {thing.name}[0], or "
            f"sum({thing.name}) for their sum"
        )
    raise walk.refusal(f"{shown} takes four-vectors, such as {_example(walk)}")


def _example(walk: Evaluator) -> str:
    return next(
        (f"{name}[0]" if isinstance(each, Collection) else name for name, each in walk.objects.items()), ""
    )


def called(walk: Evaluator, name: str, arguments: Sequence[ast.expr]) -> Value:
    """Return what a function of objects or four-vectors gives."""
    if name in _REDUCERS:
        return repeated(walk, _over_members(walk, name, arguments[0]))
    if name in ("met", "HT"):
        every = [each for argument in arguments for each in _all_vectors(walk, name, argument)]
        if name == "met":
            return missing_momentum(every)
        return reduce(add, (each.pt for each in every))
    shown = f"{name}(…)"
    vectors = [vector(walk, walk.thing(argument), shown) for argument in arguments]
    if name in READ_OFF:
        return getattr(vectors[0], name)
    return _OF_VECTORS[name](*vectors)


_OF_VECTORS: Mapping[str, Callable[..., Value]] = {
    "deltaR": FourVector.deltaR,
    "deltaphi": FourVector.deltaphi,
    "boost": FourVector.seen_from,
    "costheta": lambda a, b=None: a.costheta if b is None else a.angle_to(b),
    "transverse_mass": lambda a, b=None: a.transverse_mass if b is None else a.transverse_mass_with(b),
}


def _all_vectors(walk: Evaluator, name: str, argument: ast.expr) -> Iterator[FourVector]:
    """Yield the vectors whose transverse momenta a sum is made of: of a collection those of all its members."""
    thing = walk.thing(argument)
    if not isinstance(thing, Collection):
        found = vector(walk, thing, f"{name}(…)")
        yield found.each(_nothing_where_missing) if isinstance(thing, Member) else found
        return
    _momenta(walk, thing)
    if name == "met":
        yield _spread(walk, thing.vector_sum())
        return
    scalar, zero = thing.total(thing.field("pt")), np.zeros(len(thing))
    yield _spread(walk, FourVector.in_plane(scalar, zero))


def _nothing_where_missing(values: Any) -> Any:
    return np.where(np.isnan(values), 0.0, values)


def _over_members(walk: Evaluator, name: str, argument: ast.expr) -> Value:
    """Return ``count``, ``sum``, ``min``, … over the members of the one object that the argument speaks of."""
    found = _collection(walk, name, argument)
    if isinstance(argument, ast.Name):
        if name == "count":
            return found.counts.astype(np.float64)
        if name == "sum":
            _momenta(walk, found)
            return found.vector_sum()
        raise walk.refusal(f"{name}({found.name}) needs a field, as in {name}({found.name}.{_first(found)})")
    inside = walk.within(found)
    if name in ("count", "any", "all"):
        passed = np.broadcast_to(inside.condition(argument), found.offsets[-1:])
        n = found.total(passed)
        return n if name == "count" else n > 0 if name == "any" else n == found.counts
    values = np.broadcast_to(inside.as_number(inside.value(argument), argument), found.offsets[-1:])
    return _REDUCERS[name](found, values)


_REDUCERS: Mapping[str, Callable[[Collection, Any], Value]] = {
    "sum": Collection.total,
    "min": Collection.least,
    "max": Collection.most,
    "count": Collection.total,
    "any": Collection.total,
    "all": Collection.total,
}


def _collection(walk: Evaluator, name: str, argument: ast.expr) -> Collection:
    """Return the object over whose members a function goes."""
    known = dict.fromkeys(word for word in _free(argument) if isinstance(walk.objects.get(word), Collection))
    found = [each for word in known if isinstance(each := walk.objects[word], Collection)]
    if len(found) == 1:
        return found[0]
    if isinstance(argument, ast.Name) and argument.id not in walk.columns:
        walk.thing(argument)  # refuses an unknown name
    what = "the members of two objects" if found else "no members of an object"
    raise walk.refusal(
        f"{name}({walk.shown(argument)}) speaks of {what}; it goes over those of one, as in count(muon) or "
        "sum(jet.pt)"
    )


def _free(node: ast.AST) -> Iterator[str]:
    """Yield the names that stand for members: not those with a place, nor those inside another such function."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        inner = node.func.id in _REDUCERS and len(node.args) == 1
        yield from () if inner else (name for argument in node.args for name in _free(argument))
    elif not isinstance(node, ast.Subscript):
        yield from (name for child in ast.iter_child_nodes(node) for name in _free(child))
