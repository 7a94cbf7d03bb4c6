"""Typed records as JSON documents and back: the types alone say which keys there are and what each holds.

A field is a key of the same name, less an underscore at its end (``class_`` is the key ``class``). A field made by
`optional` is left out where it is None; every other one is always there. A class with ``inline = True`` is written as
its only field. A class with a field ``sections`` also has the keys of the sections registered for it.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

Sections = Collection[type]
"""Classes of sections, see `fivesigma.record.sections.section.Section`."""
Reader = Callable[[Any, Sections], Any]

SCALARS = (str, int, float, bool)


def optional() -> Any:
    """Return a field that is left out of the document where it is None."""
    return dataclasses.field(default=None, metadata={"optional": True})


def keys(record: type) -> dict[str, dataclasses.Field[Any]]:
    """Return the fields of a record by the keys they have in the document, ``sections`` left aside."""
    return {f.name.rstrip("_"): f for f in dataclasses.fields(record) if f.name != "sections"}


def is_optional(field: dataclasses.Field[Any]) -> bool:
    """Whether the key of ``field`` may be absent from the document."""
    return bool(field.metadata.get("optional"))


def present(hint: Any) -> Any:
    """Return what a hint allows beside None.

    >>> present(int | None)
    <class 'int'>
    """
    kinds = [each for each in get_args(hint) if each is not type(None)]
    return Union[tuple(kinds)] if is_union(hint) else hint  # noqa: UP007


def is_union(hint: Any) -> bool:
    """Whether ``hint`` allows one of several types."""
    return get_origin(hint) in (Union, types.UnionType)


_PLAIN = frozenset({str, int, bool, type(None)})
_NUMBERS = _PLAIN | {float}
_LISTS = frozenset({list, tuple})


def plain(value: Any) -> Any:
    """Return ``value`` as JSON's own types; NaN and infinity become ``None``.

    >>> plain({"a": (1.0, float("nan"))})
    {'a': [1.0, None]}
    """
    kind = type(value)
    if kind in _PLAIN:  # nearly all of a record are numbers and texts
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is list or kind is tuple:
        return _plain_list(value)
    if kind is not dict and dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _document(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return _plain_list(value)
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _plain_list(values: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Return the items of a list as JSON's own types; most lists are long and of numbers alone."""
    kinds = set(map(type, values))
    if kinds <= _PLAIN or (kinds == {float} and all(map(math.isfinite, values))):
        return list(values)
    if kinds <= _NUMBERS:
        return [None if type(item) is float and not math.isfinite(item) else item for item in values]
    return [_plain_list(item) if type(item) in _LISTS else plain(item) for item in values]


def tuples(values: Any) -> Any:
    """Return an array, or nested lists, as nested tuples.

    >>> tuples([[1.0], [2.0]])
    ((1.0,), (2.0,))
    """
    found = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(found, (list, tuple)):
        return found
    return tuple(found) if set(map(type, found)) <= _NUMBERS else tuple(map(tuples, found))


def _document(record: Any) -> Any:
    own = {
        key: plain(item)
        for key, field in keys(type(record)).items()
        if (item := getattr(record, field.name)) is not None or not is_optional(field)
    }
    if getattr(record, "inline", False):
        return next(iter(own.values()))
    return own | plain(dict(getattr(record, "sections", {})))


def read(record: type, document: Any, sections: Sections = ()) -> Any:
    """Return the ``record`` that a document holds.

    Parameters
    ----------
    record : a dataclass
    document : JSON's own types; a key that is optional may be absent
    sections : those that may stand beside the keys of records that have sections; the document of any other key is
        kept as it is

    Raises
    ------
    ValueError
        Where a key is unknown or absent, or its value is of another shape.
    """
    return reader(record)(document, sections)


@cache
def reader(hint: Any) -> Reader:
    """Return the function that reads what ``hint`` allows."""
    if hint is Any or hint in SCALARS:
        return lambda item, _: item
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _of_record(hint)
    inner = get_args(hint)
    if is_union(hint):
        return _of_union(hint)
    if get_origin(hint) is tuple:
        return _of_tuple(inner[0])
    return _of_mapping(inner[1])


def _of_tuple(hint: Any) -> Reader:
    if _is_scalar(hint):
        return lambda item, _: tuple(_shaped(item, list))
    if get_origin(hint) is tuple and _is_scalar(get_args(hint)[0]):  # maps are thousands of pairs
        return lambda item, _: tuple(
            [tuple(one if type(one) is list else _shaped(one, list)) for one in _shaped(item, list)]
        )
    each = reader(hint)
    return lambda item, sections: tuple(each(one, sections) for one in _shaped(item, list))


def _is_scalar(hint: Any) -> bool:
    return get_origin(hint) is not tuple and set(get_args(hint) or (hint,)) <= {*SCALARS, type(None)}


def _of_mapping(hint: Any) -> Reader:
    each = reader(hint)
    return lambda item, sections: {key: each(one, sections) for key, one in _shaped(item, dict).items()}


def _shaped(item: Any, kind: type) -> Any:
    if not isinstance(item, kind):
        raise ValueError(f"{str(item)[:60]!r} is no {'list' if kind is list else 'object'}")
    return item


def _of_union(hint: Any) -> Reader:
    kinds = [each for each in get_args(hint) if each is not type(None)]

    def read_one(item: Any, sections: Sections) -> Any:
        if item is None:
            return None
        fitting = next((each for each in kinds if _fits(each, item)), kinds[0])
        return reader(fitting)(item, sections)

    return read_one


def _fits(hint: Any, item: Any) -> bool:
    """Whether ``item`` has the shape of ``hint``: a list, an object with these keys, or neither."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return isinstance(item, dict) and item.keys() <= keys(hint).keys() and not _absent(hint, item)
    if get_origin(hint) is tuple:
        return isinstance(item, list)
    return isinstance(item, dict) if get_origin(hint) is not None else not isinstance(item, (list, dict))


def _absent(record: type, document: Mapping[str, Any]) -> list[str]:
    missing = dataclasses.MISSING
    return [
        key
        for key, field in keys(record).items()
        if key not in document and field.default is missing and field.default_factory is missing
    ]


def _of_record(record: type) -> Reader:
    hints, known = get_type_hints(record), keys(record)
    readers = {key: reader(hints[field.name]) for key, field in known.items()}
    holds, inline = getattr(record, "holds", None), getattr(record, "inline", False)

    def read_record(item: Any, sections: Sections) -> Any:
        document = {next(iter(known)): item} if inline else _shaped(item, dict)
        if absent := _absent(record, document):
            raise ValueError(f"{record.__name__} has no key '{absent[0]}'")
        others = {key: item for key, item in document.items() if key not in known}
        if others and holds is None:
            raise ValueError(
                f"'{next(iter(others))}' is no key of {record.__name__}; expected {', '.join(known)}"
            )
        values = {
            known[key].name: readers[key](item, sections) for key, item in document.items() if key in known
        }
        if holds is not None:
            values["sections"] = read_sections(holds, others, sections)
        return record(**values)

    return read_record


def read_sections(holder: str, documents: Mapping[str, Any], sections: Sections) -> dict[str, Any]:
    """Return the ``sections`` registered for a ``holder`` that ``documents`` hold; any other stays a document."""
    known = {each.key: each for each in sections if each.of == holder}  # type: ignore[attr-defined]
    return {
        key: reader(known[key])(document, sections) if key in known else document
        for key, document in documents.items()
    }
