"""The points of a scan: what may be scanned, the study at each point, and the seed of each repeat."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import FivesigmaError, InputError, StudyError, did_you_mean
from fivesigma._core.random import random_state
from fivesigma.study.plan import Child
from fivesigma.study.prepared import Prepared
from fivesigma.study.spec.document import OWN, Spec
from fivesigma.study.spec.values import Scalar, shown

MOST_STUDIES = 100_000

PLACES: Mapping[str, tuple[str, ...]] = {
    "data": ("select", "training_weights", "target"),
    "split": ("test", "folds", "validation", "stratify"),
    "features": ("standardise", "interactions", "polynomial", "missing", "categorical"),
    "models": ("interactions", "polynomial", "trials", "penalty", "select", "l1_ratio", "loss"),
}
"""Keys whose value a scan may set, by section; beside them ``source.SETTING`` and ``models.NAME.params.SETTING``."""

REFUSED: Mapping[str, str] = {
    "study": "it names the study, and each repeat has a seed of its own",
    "evaluate": "it changes how scores are judged and not the scores, and a scan records every metric",
    "explain": "a scan records scores only",
    "curves": "a scan records scores only",
    "scan": "a scan is not scanned",
}
"""Sections in which nothing can be scanned, and why."""

LEFT_OUT = ("scan", "confusion", "explain", "curves")
"""Sections of the written study that its points go without."""

Values = Mapping[str, Scalar]
Number = tuple[float | None, float | None, float | None]
"""A score; where folds give one, half the width of its interval and its standard error."""


@dataclass(frozen=True)
class Point:
    """One point of the grid, and the seeds of its repeats."""

    values: Values
    seeds: tuple[int, ...]


def points(spec: Spec) -> tuple[Point, ...]:
    """Return the points of a study's scan, the last place running fastest; () for a study without one.

    A repeat draws its own data. Points that have the same ``source`` share them (and the split, and the seeds of the
    models), so that they differ by what is scanned and by nothing else; points of another source are independent.
    """
    if spec.scan is None:
        return ()
    places = spec.scan.places
    found = []
    for combination in itertools.product(*places.values()):
        values = dict(zip(places, combination, strict=True))
        source = [
            f"{key} = {json.dumps(value)}" for key, value in values.items() if key.startswith("source.")
        ]
        seed, repeats = spec.study.seed, range(spec.scan.repeats)
        found.append(Point(values, tuple(random_state(seed, "scan", r, *source) for r in repeats)))
    return tuple(found)


def told(values: Values) -> str:
    """Return a point in words.

    >>> told({"source.rho": 0.5, "split.folds": 3})
    'source.rho = 0.5, split.folds = 3'
    """
    return ", ".join(f"{key} = {shown(value)}" for key, value in values.items())


def children(spec: Spec, cost: float = 1.0) -> list[Child]:
    """Return the studies of a scan: each point with each of its repeats."""
    return [
        Child(dict(point.values), seed, number, cost)
        for point in points(spec)
        for number, seed in enumerate(point.seeds)
    ]


def is_fresh(spec: Spec) -> bool:
    """Whether each repeat draws events of its own, so that its test set is nobody's sealed one."""
    return spec.data.simulated is not None


def settle(prepared: Prepared) -> dict[str, Any] | None:
    """Return what every study of a scan depends on beside its point: the study as it is written."""
    spec = prepared.spec
    if spec.scan is None:
        return None
    document = {name: section for name, section in spec.to_document().items() if name != "scan"}
    document["study"].pop("answer", None)
    return {"study": document, "followers": dict(spec.scan.followers)}


def study_at(spec: Spec, values: Values, seed: int) -> Spec:
    """Return the study at one point: the settings put in, nothing refitted for errors, nothing explained.

    Raises
    ------
    StudyError
        Where such a study cannot be; the message names the point.
    """
    document = copy.deepcopy(spec.to_document())
    followers = {} if spec.scan is None else spec.scan.followers
    for key, value in [*values.items(), *((key, values[other]) for key, other in followers.items())]:
        _put(document, _keys(spec, key), value)
    document = {name: section for name, section in document.items() if name not in LEFT_OUT}
    document["study"]["seed"] = seed
    document["study"].pop("answer", None)  # a point has no sentence
    document["evaluate"] |= {"refits": 0, "claim": "fitted"}
    if (
        document["split"].get("validation") is not None
    ):  # a point may ask for one part where the study has folds
        document["split"].pop("repeats", None)
    place = f"{spec.place}: scan, at {told(values)}"
    return Spec.from_document(document, place=place, folder=spec.folder, trust=spec.trust)


def check(spec: Spec) -> None:
    """Refuse a scan that cannot be made, before anything is read.

    Raises
    ------
    StudyError
        For a place that does not exist or has no meaning, too many studies, or a value that is not possible there.
    """
    if spec.scan is None:
        return
    for key in (*spec.scan.places, *spec.scan.followers):
        _keys(spec, key)
    n = spec.scan.repeats
    for values in spec.scan.places.values():
        n *= len(values)
    if n > MOST_STUDIES:
        raise spec.error(
            "scan", f"{n} studies; expected at most {MOST_STUDIES}: take fewer points or repeats."
        )
    for point in points(spec):
        study = study_at(spec, point.values, 0)
        _check_source(study)
        if study.data.select is not None:
            _check_select(study, study.data.select)


def _check_source(child: Spec) -> None:
    if child.data.simulated is None:
        return
    from fivesigma.simulate.catalogue import system

    try:
        system(child.data.simulated, child.source.settings)
    except InputError as error:
        raise StudyError(f"{child.place}: {error}") from None


def _check_select(child: Spec, select: str) -> None:
    from fivesigma._core.expressions import names

    try:
        names(select, None, (*(child.objects or ()), *(child.features.fourvectors or ())))
    except InputError as error:
        raise StudyError(f"{child.place}: data.select: {error}") from None


def _keys(spec: Spec, key: str) -> tuple[str | int, ...]:
    """Return where a dotted place stands in the document; `StudyError` where a scan cannot set it."""
    section, _, rest = key.partition(".")
    if section in REFUSED:
        raise spec.error(f"scan.{key}", f"cannot be scanned: {REFUSED[section]}; remove it.")
    if section == "source" and rest:
        return _source_keys(spec, key, rest)
    if section == "models" and rest:
        return _model_keys(spec, key, rest)
    if rest in PLACES.get(section, ()):
        return _plain_keys(spec, section, rest)
    options = [f"{name}.{each}" for name, known in PLACES.items() for each in known if name != "models"]
    here = [f"{section}.{each}" for each in PLACES.get(section, ())] or [
        "source.SETTING",
        "models.NAME.params.SETTING",
    ]
    hint = did_you_mean(key, options)
    raise spec.error(
        f"scan.{key}", f"is no place that can be scanned; expected one of {', '.join(here)}.{hint}"
    )


def _plain_keys(spec: Spec, section: str, rest: str) -> tuple[str, str]:
    given = spec.data.first is None and spec.data.simulated is None
    if given and (section == "data" or rest == "categorical"):
        raise spec.error(f"scan.{section}.{rest}", "has no meaning for arrays given in Python; remove it.")
    sealed = (section, rest) == ("split", "test")
    if sealed and (spec.data.simulated is None or isinstance(spec.split.test, Mapping)):
        raise spec.error(
            "scan.split.test",
            "would unseal test events of a table; scan split.validation, or simulated events.",
        )
    return section, rest


def _source_keys(spec: Spec, key: str, rest: str) -> tuple[str, str]:
    if spec.data.simulated is None:
        raise spec.error(
            f"scan.{key}", 'needs simulated events; set data.source = "simulate:NAME", or remove it.'
        )
    from fivesigma.simulate.catalogue import settings_of

    try:
        known = ["n", *settings_of(spec.data.simulated)]
    except FivesigmaError as error:
        raise spec.error("data.source", str(error)) from None
    if rest.partition(".")[0] not in known:
        options = [f"source.{name}" for name in known]
        hint = did_you_mean(key, options)
        raise spec.error(
            f"scan.{key}",
            f"is no setting of {spec.data.simulated}; expected one of {', '.join(options)}.{hint}",
        )
    return "source", rest


def _model_keys(spec: Spec, key: str, rest: str) -> tuple[str | int, ...]:
    for number, model in enumerate(spec.models):
        inner = rest.removeprefix(f"{model.name}.")
        if inner == rest:
            continue
        if model.kind == OWN:
            raise spec.error(f"scan.{key}", "is a setting of an estimator given in Python; scan it there.")
        if inner.startswith("params.") and len(inner) > len("params."):
            return "models", number, "params", inner.removeprefix("params.")
        if inner in PLACES["models"]:
            return "models", number, inner
        options = [f"models.{model.name}.{each}" for each in ("params.SETTING", *PLACES["models"])]
        hint = did_you_mean(key, options)
        raise spec.error(f"scan.{key}", f"cannot be scanned; expected one of {', '.join(options)}.{hint}")
    names = [model.name for model in spec.models]
    hint = did_you_mean(rest.partition(".")[0], names)
    known = (
        f"expected models.NAME with NAME one of {', '.join(names)}"
        if names
        else "list it in [[models]] first"
    )
    raise spec.error(f"scan.{key}", f"names no model of [[models]]; {known}.{hint}")


def _put(document: dict[str, Any], keys: tuple[str | int, ...], value: Scalar) -> None:
    """Set one place of a document; folds and a validation fraction exclude each other."""
    node: Any = document
    for key in keys[:-1]:
        node = node[key] if isinstance(key, int) else node.setdefault(key, {})
    node[keys[-1]] = value
    other = {"folds": "validation", "validation": "folds"}.get(str(keys[-1]))
    if keys[0] == "split" and other:
        node.pop(other, None)
