"""The studies of a crossing: one a size and repeat; what cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, StudyError, did_you_mean
from fivesigma._core.random import random_state
from fivesigma.study.analyses.scan.points import study_at
from fivesigma.study.plan import Child
from fivesigma.study.prepared import Prepared
from fivesigma.study.spec.crossing import CrossingSection
from fivesigma.study.spec.document import Spec

Array = NDArray[Any]
NAME = "crossing"
MOST_PLACES = 200
"""Values of the column that an output is followed against."""
_FEWEST_PLACES = 5


def children(prepared: Prepared) -> list[Child]:
    """Return the studies of a crossing: each size with each of its repeats."""
    asked, seed = prepared.spec.crossing, prepared.spec.study.seed
    if asked is None:
        return []
    cost = sum(prepared.costs[name] for name in models(prepared)) / max(asked.sizes)
    return [
        Child(
            {asked.of: size},
            random_state(seed, NAME, number, f"{asked.of} = {size}"),
            number,
            cost * size,
            asks=NAME,
        )
        for size in asked.sizes
        for number in range(asked.repeats)
    ]


def models(prepared: Prepared) -> list[str]:
    """Return the models whose crossing is asked for, those left out of the line-up apart."""
    asked = prepared.spec.crossing
    there = [entry.name for entry in prepared.plan.entries if not entry.skipped]
    wanted = None if asked is None else asked.models
    if wanted is None:
        return [name for name in there if name != prepared.baseline]
    return [name for name in there if name in wanted]


def settle(prepared: Prepared) -> dict[str, Any] | None:
    """Return what every study of a crossing depends on beside its size: the study as it is written."""
    if prepared.spec.crossing is None:
        return None
    document = prepared.spec.to_document()
    document["study"].pop("answer", None)
    return {"study": {name: section for name, section in document.items() if name != "scan"}}


def check(prepared: Prepared) -> None:
    """Refuse a crossing that cannot be, before anything is fitted.

    Raises
    ------
    StudyError
        Without simulated events, a setting that is the size, test events, a column to follow, or an output to follow.
    """
    spec, asked = prepared.spec, prepared.spec.crossing
    if asked is None:
        return
    for where, why in _wrong(prepared, asked):
        raise spec.error(f"{NAME}.{where}", why)
    for size in asked.sizes:
        _check_size(spec, asked.of, size)


def _wrong(prepared: Prepared, asked: CrossingSection) -> Iterator[tuple[str, str]]:
    """Yield what cannot be, each with its key."""
    yield from _wrong_source(prepared.spec, asked)
    yield from _wrong_column(prepared, asked)
    if prepared.data.task != "regression" and prepared.n_classes != 2:
        what = (
            f"a classification of {prepared.n_classes} classes"
            if prepared.n_classes
            else f"a {prepared.data.task}"
        )
        yield "at", f"the output of {what} is more than one number; learn two classes, or numbers."
    if prepared.data.several:
        yield "at", "several targets have more than one output; learn one of them."
    for at in asked.at:
        if prepared.n_classes == 2 and not isinstance(at, str) and not 0 < at < 1:
            yield "at", f"{at:g} is no probability that is crossed; expected one between 0 and 1."
    known = [entry.name for entry in prepared.plan.entries]
    for name in asked.models or ():
        if name not in known:
            yield "models", f"'{name}' is not a model of this study.{did_you_mean(name, known)}"
    tests = list(prepared.split.tests)
    for name in asked.expected if isinstance(asked.expected, dict) else ():
        if name not in tests:
            yield "expected", f"'{name}' is not a test set; expected one of {', '.join(tests)}."


def _wrong_source(spec: Spec, asked: CrossingSection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the setting that is the size."""
    if spec.data.simulated is None:
        yield (
            "of",
            'systems of several sizes are simulated; set data.source = "simulate:NAME", or remove [crossing].',
        )
        return
    from fivesigma.simulate.catalogue import settings_of

    known = [f"source.{name}" for name in settings_of(spec.data.simulated)]
    if asked.of not in known:
        yield (
            "of",
            f"'{asked.of}' is no setting of {spec.data.simulated}; expected one of {', '.join(known)}."
            + did_you_mean(asked.of, known),
        )


def _wrong_column(prepared: Prepared, asked: CrossingSection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the column that the output is followed against, and with the test events."""
    if asked.over in prepared.data.names:
        yield (
            "over",
            f"'{asked.over}' is a feature, so that a model may read it off; name the features without it.",
        )
    if not prepared.split.tests:
        yield "over", "there is no test event to follow an output on; set split.test."
        return
    values = column(prepared, asked.over)
    if values.dtype.kind not in "iuf" or not np.isfinite(values.astype(float)).all():
        yield "over", f"'{asked.over}' is not a number in every event; name a column of numbers."
        return
    for name, rows in prepared.split.tests.items():
        n = len(np.unique(values[rows]))
        if not _FEWEST_PLACES <= n <= MOST_PLACES:
            yield (
                "over",
                f"'{asked.over}' takes {n} values in the test set '{name}'; expected {_FEWEST_PLACES} to "
                f"{MOST_PLACES}, each with several events.",
            )


def column(prepared: Prepared, name: str) -> Array:
    """Return the column that an output is followed against."""
    brought: Mapping[str, Array] = {**prepared.data.extras, **prepared.data.spectators}
    return np.asarray(brought[name])


def _check_size(spec: Spec, of: str, size: int) -> None:
    from fivesigma.simulate.catalogue import system

    study = study_at(spec, {of: size}, 0)
    try:
        system(str(spec.data.simulated), study.source.settings)
    except InputError as error:
        raise StudyError(f"{spec.place}: {NAME}.sizes: {error}") from None
