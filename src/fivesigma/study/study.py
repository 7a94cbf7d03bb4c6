"""A study: the document, its data, and its run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma.data.dataset import Dataset
from fivesigma.risk.findings import Audit
from fivesigma.study.analyses.fits import is_large
from fivesigma.study.finished.result import Result
from fivesigma.study.finished.written import read_by, refuse_other_suffix, refuse_taken, write_table
from fivesigma.study.plan import Entry
from fivesigma.study.preparation.division import division
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.registry.kind import LARGE
from fivesigma.study.runner.audit import before
from fivesigma.study.runner.forecast import foretold, planned
from fivesigma.study.runner.progress import Progress
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.shipped import find

Model = str | tuple[str, Any] | Mapping[str, Any]

_MOST_SHOWN = 6


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """What is to be found out, from which data, by which models.

    Parameters
    ----------
    data : Dataset
        The events; `fivesigma.read` and ``Dataset.from_frame`` make them.
    models : sequence of str, (name, estimator) or mapping, optional
        Kinds by name, your own scikit-learn estimators, or the keys of a ``[[models]]`` table; default: the line-up
        of the task.
    seed : int
        The one number all randomness is drawn from.
    name, question : str
        What the study is called, and asks.
    answer : str, optional
        What the first sentence of the page says, as ``study.answer`` of a study file; default by the task.
    split, features, evaluate, explain, curves, components, scan, weights : mapping of keys to values
        The sections of a study file, such as ``evaluate={"refits": 20}``, ``explain={"permutation": 20}``.
    trust : bool
        Whether a loss ``module:name`` may be imported, which runs that module.
    task : str, optional
        Default: that of the data. "clustering" of data with classes makes these the truth, which no fit sees.

    Examples
    --------
    >>> data = Dataset.from_arrays([[float(i)] for i in range(60)], [i**0.5 for i in range(60)])
    >>> Study(data, models=["linear"], seed=1).prepared().split.n_folds
    5
    """

    data: Dataset | None
    models: Sequence[Model] | None = None
    seed: int = 0
    name: str = "study"
    question: str = ""
    split: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)
    evaluate: Mapping[str, Any] = field(default_factory=dict)
    explain: Mapping[str, Any] = field(default_factory=dict)
    curves: Mapping[str, Any] = field(default_factory=dict)
    scan: Mapping[str, Any] = field(default_factory=dict)
    given: Spec | None = None
    trust: bool = False
    task: str | None = None
    answer: str | None = None
    components: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        study: str | Path,
        *,
        data: str | Path | Sequence[str | Path] | None = None,
        seed: int | None = None,
        trust: bool = False,
    ) -> Study:
        """Read a study file, or a built-in study by name.

        Parameters
        ----------
        study : path of a study file, or the name of a built-in study.
        data : the table in place of ``data.path``, relative to the current folder.
        seed : in place of ``study.seed``.
        trust : whether a loss ``module:name`` may be imported, which runs that module.

        Raises
        ------
        DataError, StudyError
            In one sentence, with the place in the file.
        """
        spec = Spec.read(find(study), data=data, seed=seed, trust=trust)
        return cls(None, seed=spec.study.seed, name=spec.study.name, question=spec.study.question, given=spec)

    def __repr__(self) -> str:
        sections = [_section(each) for each in self.models or ()]
        models = [str(each.get("name", each.get("kind"))) for each in sections]
        listed = ", ".join(models[:_MOST_SHOWN]) + (", …" if len(models) > _MOST_SHOWN else "")
        of = self.given.place if self.given is not None else listed or "the models of the task"
        return f"<Study '{self.name}': {of}; seed {self.seed}>"

    @property
    def own(self) -> dict[str, Any]:
        """The user's own estimators by name."""
        return {model[0]: model[1] for model in self.models or () if isinstance(model, tuple)}

    def spec(self) -> Spec:
        """Return the complete study document."""
        if self.given is not None:
            return self.given
        if self.data is None:
            raise InputError("a study needs data; give a Dataset, or read a study file with Study.read.")
        if not isinstance(self.data, Dataset):
            what = type(self.data).__name__
            raise WrongTypeError(
                f"a study needs a Dataset, got {what}; Dataset.from_arrays or from_frame makes one."
            )
        if isinstance(self.models, str):
            raise WrongTypeError(
                f"models must be a list, got the text {self.models!r}; write [{self.models!r}]."
            )
        document = {
            "study": self._called(),
            "data": {"source": MEMORY, **self._aim()},
            "split": dict(self.split),
            "features": dict(self.features),
            "models": [_section(model) for model in self.models or ()],
            "evaluate": dict(self.evaluate),
            "explain": dict(self.explain),
            "curves": dict(self.curves),
        }
        document |= {
            name: dict(keys)
            for name, keys in (
                ("components", self.components),
                ("scan", self.scan),
                ("weights", self.weights),
            )
            if keys
        }
        return Spec.from_document(document, place="Study", trust=self.trust)

    def _called(self) -> dict[str, Any]:
        """Return the section ``[study]``."""
        called = {"name": self.name, "question": self.question, "seed": self.seed}
        return called if self.answer is None else {**called, "answer": self.answer}

    def _aim(self) -> dict[str, Any]:
        """Return target and task as a study file has them."""
        assert self.data is not None
        task = self.task or self.data.task
        if self.data.y is None:
            return {"task": task}
        return {"target": self.data.several or self.data.target or "y", "task": task}

    def prepared(self) -> Prepared:
        """Read, check and divide the events and list the fits; writes nothing."""
        spec = self.spec()
        if self.given is not None and self.data is None:
            spec = spec.resolved()
        return prepare(spec, self._events(), self.own)

    def _events(self) -> Dataset | None:
        """Return the events; classes that were read as a target become the truth of a clustering."""
        data = self.data
        if data is None or self.task is None or self.task == data.task:
            return data
        if (self.task, data.task) != ("clustering", "classification"):
            raise InputError(f"the data are of a {data.task}, not a {self.task}; read them with that task.")
        return dataclasses.replace(data, task="clustering")

    def check(self) -> list[str]:
        """Return what the study would do, one line each; raises what `run` would raise.

        Nothing is fitted and nothing written.
        """
        prepared = self.prepared()
        data, split = prepared.data, prepared.split
        tests = (
            ", ".join(f"{len(rows)} sealed in '{name}'" for name, rows in split.tests.items())
            or "no test set"
        )
        again = f", {split.n_repeats} times" if split.n_repeats > 1 else ""
        lines = [repr(data), f"{len(split.train)} events to train in {split.n_folds} folds{again}, {tests}"]
        plan = planned(prepared)
        given = bool(prepared.spec.models)
        lines += [
            f"{each.name}: {_foretold(each, plan.count(each.name), given=given)}" for each in plan.entries
        ]
        if is_large(prepared):
            lines.append(_WITHOUT)
        lines += foretold(prepared, plan)
        audited = before(prepared, opened=True)
        lines += [_said_of(each) for each in audited if each.status != "ok"]
        return lines

    def write_split(self, out: str | Path, *, refits: int | None = None) -> dict[str, Any]:
        """Write how the events are divided for models that are fitted elsewhere, and return what was written.

        Nothing is opened: neither a target nor anything computed from one is in the table.

        Parameters
        ----------
        out : ``.parquet`` or ``.csv``.
        refits : resamples of the training rows; default: ``evaluate.refits``.

        Raises
        ------
        InputError, DataError
            For whatever is wrong with data or study, or a file of another suffix.
        """
        refuse_other_suffix(Path(out))
        spec = self.spec()
        refuse_taken(Path(out), read_by(spec))
        columns = division(spec, self._events(), refits=refits)
        write_table(Path(out), columns)
        part, counts = columns["part"], [name for name in columns if name.startswith("resample_")]
        sizes = {name: int((part == name).sum()) for name in dict.fromkeys(part.tolist()) if name is not None}
        return {
            "out": str(out),
            "n_rows": len(part),
            "parts": sizes,
            "refits": len(counts),
            "columns": list(columns),
        }

    def run(
        self,
        out: str | Path | None = None,
        *,
        workers: int | None = None,
        progress: Progress | bool = True,
        blind: bool = False,
        strict: bool = False,
    ) -> Result:
        """Carry the study out and return its `Result`.

        Parameters
        ----------
        out : the run folder, new or empty; default ``runs/<study>-<UTC>-<hash>``.
        workers : processes; default: the cores this process may use, or this process alone where the fits take
            seconds. The numbers do not depend on it.
        progress : where to show how far it is; False for nowhere.
        blind : leave the test set sealed until `unblind`.
        strict : stop before the first fit where the audit has a warning.

        Raises
        ------
        InputError, DataError
            Before anything is written, for whatever is wrong with data or study.
        AuditError
            Under ``strict``; nothing is written then either.
        """
        from fivesigma.study.runner.run import run

        return run(self.prepared(), out, workers=workers, progress=progress, blind=blind, strict=strict)

    def resume(
        self, path: str | Path, *, workers: int | None = None, progress: Progress | bool = True
    ) -> Result:
        """Go on with a run of this study that was stopped; see `fivesigma.study.runner.run.resume`."""
        from fivesigma.study.runner.run import resume

        return resume(path, workers=workers, progress=progress, prepared=self.prepared())

    def unblind(self, path: str | Path, *, progress: Progress | bool = True) -> Result:
        """Open the sealed test of a blind run of this study; see `fivesigma.study.runner.run.unblind`."""
        from fivesigma.study.runner.run import unblind

        return unblind(path, progress=progress, prepared=self.prepared())


_WITHOUT = (
    f"no model less or more flexible is fitted beside these to over {LARGE:,} events; [[models]] asks for it"
)


def _foretold(entry: Entry, n_fits: int, *, given: bool) -> str:
    """Return what a run would make of a model, which was ``given`` or is of the line-up that nobody chose."""
    if entry.given is not None:
        seen = "out of fold" if entry.given["out_of_fold"] else "test events alone judged"
        return f"scores made elsewhere, {seen}, {counted(len(entry.given['refits']), 'refit')}"
    if entry.skipped:
        return f"skipped, {entry.skipped}"
    own = {} if given else entry.params
    return counted(n_fits, "fit") + "".join(
        f", {name} = {value} for so many events" for name, value in own.items()
    )


def _said_of(audit: Audit) -> str:
    """Return what a check of the audit has found, and what to do."""
    return f"{audit.check}: {audit.message}{f' ({audit.advice})' if audit.advice else ''}"


def _section(model: Model) -> dict[str, Any]:
    """Return the ``[[models]]`` table that a model given in Python stands for."""
    if isinstance(model, str):
        return {"kind": model}
    if isinstance(model, Mapping):
        return dict(model)
    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], str):
        return {"name": model[0], "kind": "own"}
    raise WrongTypeError(f"{model!r} is not a model; give a kind, (name, estimator) or a table of settings.")
