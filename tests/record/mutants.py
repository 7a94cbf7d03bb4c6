"""Saved models changed on purpose and signed again, and what loading and asking them comes to: a worker's tasks.

A key is ``FILE SEED``. What a mutant may come to is a `DataError`, or sound answers.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma.record.models import MAGIC

LONGEST = (
    60  # seconds of the processor for one mutant: a worker that needs more is ended, which counts as a hang
)
ODD: tuple[Any, ...] = (
    *(-1, 0, 1, 2, 3, 7, 255, 256, 10**6, 2**31, 2**31 - 1, 2**63, 10**30, -(10**9)),
    *(0.5, -0.5, 1e308, -1e308, 1e-308, float("nan"), float("inf"), float("-inf")),
    *(None, True, False, "", "x", "prior", "linear", [], [1], {}, {"a": 1}, "../../x"),
)


def open_work(folder: str, rows: str) -> Callable[[str], None]:
    """Return what makes one mutant, asks it, and raises where it comes to anything but what it may."""
    import resource

    from fivesigma.study.finished.fitted_model import load  # noqa: F401  (wakes the libraries before the limit)

    X = np.load(rows, allow_pickle=False)
    resource.setrlimit(resource.RLIMIT_AS, (24 * 2**30, 24 * 2**30))

    def work(key: str) -> None:
        name, seed = key.rsplit(" ", 1)
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        try:
            ask(Path(folder) / name, X[name.removesuffix(".fivesigma")], int(seed))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    return work


def ask(path: Path, X: np.ndarray, seed: int) -> None:
    """Load the mutant ``seed`` of a model and ask it all that it can say; -1 leaves the model as it is."""
    import fivesigma as fs
    from fivesigma._core.errors import DataError, InputError

    content = (
        path.read_bytes() if seed < 0 else mutant(path.read_bytes(), random.Random(f"{path.name} {seed}"))
    )
    place = path.with_name(f".{path.name}.{seed}")
    place.write_bytes(content)
    try:
        model = fs.load_model(place)
        if model.clusters:
            answers = [name for name in ("predict", "predict_proba", "score_samples") if model.can(name)]
        else:
            answers = ["predict"] if model.classes is None else ["predict", "predict_proba"]
        for name in answers:
            if name != "score_samples":
                _sound(name, np.asarray(getattr(model, name)(X)), len(X))
    except DataError:
        if seed < 0:
            raise
    except InputError as error:  # columns by other names: the document says so
        if "has shape" not in str(error):
            raise
    finally:
        place.unlink()


def _sound(name: str, found: np.ndarray, n: int) -> None:
    assert len(found) == n, "another number of rows"
    if name == "predict_proba":
        assert found.ndim == 2
        assert ((found >= 0) & (found <= 1)).all()
        assert np.allclose(found.sum(axis=1), 1.0, atol=1e-6)
    elif found.dtype.kind == "f":
        assert np.isfinite(found).all()


def mutant(content: bytes, rng: random.Random) -> bytes:
    """Return the model file ``content`` with one to three changes, its checksums made right again."""
    body = content[len(MAGIC) + 32 :]
    length = int.from_bytes(body[:8], "big")
    meta, payload = json.loads(body[8 : 8 + length]), body[8 + length :]
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members.pop("schema.json"))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        change = rng.choice([_array, _array, _array, _value, _value, _value, _node, _meta])
        change(rng, members, schema, meta)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**members, "schema.json": json.dumps(schema).encode()}.items():
            archive.writestr(name, data)
    text = json.dumps(meta).encode()
    signed = len(text).to_bytes(8, "big") + text + out.getvalue()
    return MAGIC + hashlib.sha256(signed).digest() + signed


def _array(rng: random.Random, members: dict[str, bytes], schema: Any, meta: Any) -> None:
    """Change an array: entries, bytes, shape or type."""
    names = [name for name in members if name.endswith(".npy")]
    if not names:
        return
    name = rng.choice(names)
    found = np.load(io.BytesIO(members[name]), allow_pickle=False)
    way = rng.choice(["entry", "entry", "entry", "bytes", "bytes", "shape", "type", "cut", "swap"])
    with np.errstate(all="ignore"):
        changed = _changed(rng, found.copy(), way)
    out = io.BytesIO()
    np.save(out, changed, allow_pickle=False)
    members[name] = out.getvalue()


def _changed(rng: random.Random, array: np.ndarray, way: str) -> np.ndarray:
    if not array.size:
        return np.zeros(rng.choice([(1,), (3, 2), ()]), dtype=array.dtype)
    if way == "bytes":
        data = bytearray(array.tobytes())
        for _ in range(rng.choice([1, 2, 8])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return np.frombuffer(bytes(data), dtype=array.dtype).reshape(array.shape)
    if way == "shape":
        return rng.choice([array.ravel(), array[None], array.T, array.reshape(-1, 1)])
    if way == "cut":
        return rng.choice([array[:0], array[:-1], np.concatenate([array, array])]) if array.ndim else array
    if way == "type" and array.dtype.names is None:
        return array.astype(rng.choice(["f4", "f8", "i4", "i8", "u1", "U5", "c16", ">f8"]))
    if way == "swap":
        return np.ascontiguousarray(array[::-1]) if array.ndim else array
    field = array[rng.choice(array.dtype.names)] if array.dtype.names else array
    flat = field.reshape(-1) if field.flags.c_contiguous else field
    value = rng.choice([-1, 0, 1, 10**6, 2**31 - 1, 1e300, -1e300, float("nan"), float("inf"), 255])
    try:
        flat[rng.randrange(len(flat)) if flat.ndim == 1 else ...] = value
    except (OverflowError, ValueError, IndexError, TypeError):
        flat[...] = flat.dtype.type()
    return array


def _nodes(node: Any) -> list[dict[str, Any]]:
    found, stack = [], [node]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            found += [part] if "__loader__" in part else []
            stack += part.values()
        elif isinstance(part, list):
            stack += part
    return found


def _value(rng: random.Random, members: dict[str, bytes], schema: Any, meta: Any) -> None:
    """Change a number, word or truth value everywhere it is the same object, or in one place."""
    leaves = [node for node in _nodes(schema) if node["__loader__"] == "JsonNode"]
    node = rng.choice(leaves)
    text = json.dumps(rng.choice(ODD))
    number = node.get("__id__") if rng.random() < 0.5 else None
    fresh = rng.randrange(10**12)
    for each in leaves:
        if each is node or (number is not None and each.get("__id__") == number):
            each["content"], each["__id__"] = text, fresh


def _node(rng: random.Random, members: dict[str, bytes], schema: Any, meta: Any) -> None:
    """Drop, swap, copy or rename a node."""
    nodes = _nodes(schema)
    one, other = rng.choice(nodes), rng.choice(nodes)
    way = rng.choice(["drop", "copy", "rename", "number", "attribute"])
    if way == "drop":
        one.pop(rng.choice(sorted(one)))
    elif way == "copy":
        copy = json.loads(json.dumps(other))
        one.clear()
        one.update(copy)
    elif way == "rename":
        one["__class__"], one["__module__"] = other.get("__class__"), other.get("__module__")
    elif way == "number":
        one["__id__"] = other.get("__id__")
    else:
        holders = [node for node in nodes if isinstance(node.get("content"), dict) and node["content"]]
        content = rng.choice(holders)["content"]
        if all(isinstance(value, dict) for value in content.values()):
            here, there = rng.choice(sorted(content)), rng.choice(sorted(content))
            content[here], content[there] = content[there], content[here]


def _meta(rng: random.Random, members: dict[str, bytes], schema: Any, meta: Any) -> None:
    """Change or drop a part of the document."""
    key = rng.choice(sorted(meta))
    if rng.random() < 0.3:
        meta.pop(key)
    elif isinstance(meta[key], list) and meta[key] and rng.random() < 0.5:
        meta[key][rng.randrange(len(meta[key]))] = rng.choice(ODD)
    else:
        meta[key] = rng.choice(ODD)
