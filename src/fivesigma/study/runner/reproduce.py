"""A run done once more from its own folder, and whether the same came out."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fivesigma._core.errors import InputError
from fivesigma.record.results import ModelRecord, Results, to_document
from fivesigma.record.store import RunFolder
from fivesigma.risk.evidence import log_p_from_sigma
from fivesigma.study.finished.result import Result, load
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.runner.manifest import study_hash
from fivesigma.study.runner.progress import Progress
from fivesigma.study.runner.run import resume, run
from fivesigma.study.spec.document import Spec

P_DIFFERENT = 1.35e-3
"""Below this probability (3σ, one-sided) two runs are called different."""


def reproduce(
    path: str | Path,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | bool = True,
    trust: bool = False,
) -> dict[str, Any]:
    """Do the run in ``path`` again and compare the results.

    The ledger gains no opening where data, study and versions are the same: it is the same run.

    Parameters
    ----------
    path : str or Path
        A finished run folder.
    out : str or Path, optional
        Keep the second run here; default: a temporary folder that is removed.
    workers, progress, trust
        As for a run.

    Returns
    -------
    dict : ``verdict`` (``bitwise equal``, ``statistically equal`` or ``different``), ``first`` (the first
        place where the results differ), ``p`` (that a difference so large comes from the seeds), ``text``.
    """
    before, spec = load(path), Spec.read(RunFolder(Path(path)).study, trust=trust)
    if out is not None:
        return judged(before.results, _again(before, spec, Path(out), workers, progress).results)
    with tempfile.TemporaryDirectory(prefix="fivesigma-") as place:
        return judged(before.results, _again(before, spec, Path(place) / "run", workers, progress).results)


def _again(before: Result, spec: Spec, place: Path, workers: int | None, progress: Progress | bool) -> Result:
    """Do the fits anew; as the same run where it is the same study, so that no test is opened twice."""
    source = RunFolder(before.path)
    prepared, manifest = prepare(spec), source.manifest()
    if study_hash(prepared) != manifest["study_hash"]:
        return run(prepared, place, workers=workers, progress=progress, blind=bool(manifest["blind"]))
    folder = RunFolder.create(place)
    shutil.copyfile(source.study, folder.study)
    folder.write_manifest(manifest)
    return resume(place, workers=workers, progress=progress, prepared=prepared)


def judged(before: Results, after: Results) -> dict[str, Any]:
    """Return the verdict on two results of one study."""
    one, two = (to_document(results) | {"timing": None} for results in (before, after))
    first = next(differences(one, two), None)
    if first is None:
        return {
            "verdict": "bitwise equal",
            "first": None,
            "p": 1.0,
            "text": "bitwise equal: the same results.json",
        }
    if before.data.sha256 != after.data.sha256:
        return _different("data.sha256", None, "the table is not the one of the run")
    if before.split.sha256 != after.split.sha256:
        return _different("split.sha256", None, "the rows were divided otherwise")
    p, place = agreement(before, after)
    if p < P_DIFFERENT:
        return _different(place, p, "a score moved by more than seeds explain")
    text = f"statistically equal (p = {p:.2g}); the first number that differs is {first}"
    return {"verdict": "statistically equal", "first": first, "p": p, "text": text}


def _different(first: str, p: float | None, why: str) -> dict[str, Any]:
    return {"verdict": "different", "first": first, "p": p, "text": f"different, first at {first}: {why}"}


def differences(a: Any, b: Any, path: str = "") -> Iterator[str]:
    """Yield the places where two documents differ, in their order.

    >>> list(differences({"x": [1, 2]}, {"x": [1, 3]}))
    ['x[1]']
    """
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in [*a, *(key for key in b if key not in a)]:
            yield from differences(a.get(key), b.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for position, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from differences(one, other, f"{path}[{position}]")
    elif json.dumps(a) != json.dumps(b):
        yield path


def agreement(before: Results, after: Results) -> tuple[float, str]:
    """Return the probability of the largest change among the models' scores, and where it is.

    The rows are the same, so only training scatters: ``z = Δ / (√2 s_train)``, two-sided, Šidák over models.
    """
    largest, place, n = 0.0, "models", 0
    for model in before.models:
        if model.name not in {other.name for other in after.models}:
            return 0.0, f"models.{model.name}"
        other = after.model(model.name)
        if model.status != other.status:
            return 0.0, f"models.{model.name}.status"
        for part in (part for part in model.scores if part != "train"):
            z = _change(model, other, part, before.metric)
            n += 1
            if z > largest:
                largest, place = z, f"models.{model.name}.scores.{part}.{before.metric}"
    return -math.expm1(
        max(n, 1) * math.log1p(-min(2 * math.exp(log_p_from_sigma(largest)), 1 - 1e-16))
    ), place


def _change(model: ModelRecord, other: ModelRecord, part: str, metric: str) -> float:
    """The change of one score in units of its training error; infinite where there is none."""
    one, two = model.scores[part].get(metric), other.scores.get(part, {}).get(metric)
    if one is None or two is None:
        raise InputError(
            f"{model.name} has no {metric} on {part} in one of the runs; they cannot be compared."
        )
    if one.value == two.value or one.value is None or two.value is None:
        return 0.0 if one.value == two.value else math.inf
    scatter = _training_error(model, metric)
    return abs(one.value - two.value) / (math.sqrt(2) * scatter) if scatter else math.inf


def _training_error(model: ModelRecord, metric: str) -> float | None:
    """The training error of the first part that has one: refits are scored on test sets."""
    found = (scores[metric].error.train for scores in model.scores.values() if metric in scores)
    return next((error for error in found if error), None)
