"""The study file as one checked object: read, refuse, fill in defaults, write back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import PrivateAttr, ValidationError, model_validator

from fivesigma._core.documentation import see
from fivesigma._core.errors import InputError, StudyError, did_you_mean
from fivesigma._core.outputs import Output
from fivesigma._core.outside import outside
from fivesigma.data.sources import Sources
from fivesigma.study.spec.components import ComponentsSection
from fivesigma.study.spec.confusion import ConfusionSection
from fivesigma.study.spec.crossing import CrossingSection
from fivesigma.study.spec.curves import CurvesSection
from fivesigma.study.spec.cuts import Cuts
from fivesigma.study.spec.data import DataSection, SourceSection, options_of, unclaimed
from fivesigma.study.spec.evaluate import EvaluateSection
from fivesigma.study.spec.explain import ExplainSection
from fivesigma.study.spec.features import FeaturesSection
from fivesigma.study.spec.files import replaced
from fivesigma.study.spec.messages import sentence, unknown_key
from fivesigma.study.spec.models import ModelSection
from fivesigma.study.spec.objects import Objects
from fivesigma.study.spec.scan import ScanSection
from fivesigma.study.spec.section import USER_SOURCE, Section, StudySection
from fivesigma.study.spec.split import SplitSection, TestRows
from fivesigma.study.spec.text import parse, text_of
from fivesigma.study.spec.toml import write_toml
from fivesigma.study.spec.unbuilt import KINDS, refuse_unbuilt
from fivesigma.study.spec.unbuilt import METRICS as LATER_METRICS
from fivesigma.study.spec.values import shown
from fivesigma.study.spec.weights import WeightsSection

if TYPE_CHECKING:
    from fivesigma.risk.metric import Metric
    from fivesigma.study.registry.registry import ModelKind

_LEARNT = (Output.PROBABILITY, Output.VALUE, Output.LAW)
_SCORED = {"clustering": (Output.LABEL, Output.DENSITY)}
"""What the metrics that a message lists score, by task."""

MANY = 12
"""Options that a sentence names one by one."""
OWN = "own"
"""Kind of a model that was given in Python; a study file alone cannot run it."""

Paths = str | Path | Sequence[str | Path]


class Spec(Section):
    """A study file, checked and complete.

    Attributes
    ----------
    study, data, weights, objects, cuts, split, features, models, evaluate, explain, curves, components, scan, crossing,
    confusion
        The sections of the file (see ``docs/study-file.md``); ``models`` is empty where the default line-up
        is wanted.

    Examples
    --------
    >>> spec = Spec.from_toml('[data]\\npath = "t.csv"\\ntarget = "y"')
    >>> spec.split.folds, spec.split.test, spec.evaluate.bootstrap
    (5, 0.2, 2000)
    """

    study: StudySection = StudySection()
    """What the study is called and asks."""
    data: DataSection
    """Which table, and which column plays which part."""
    source: SourceSection = SourceSection()
    """How many events a simulated source makes, and the settings of its system."""
    weights: WeightsSection | None = None
    """What training does with negative weights, and what makes weights expected yields."""
    objects: Objects = None
    """Lists of each event as objects, by name."""
    cuts: Cuts = None
    """Conditions that events pass in order, by name; the cut flow counts them."""
    split: SplitSection = SplitSection()
    """Which rows are for training, for validation, and sealed."""
    features: FeaturesSection = FeaturesSection()
    """What turns columns into features."""
    models: tuple[ModelSection, ...] = ()
    """The line-up; the default one of the task where there is none."""
    evaluate: EvaluateSection = EvaluateSection()
    """How models are judged."""
    explain: ExplainSection = ExplainSection()
    """What is asked of the fitted models."""
    curves: CurvesSection = CurvesSection()
    """Scores against a setting of a model, or against the number of training events."""
    components: ComponentsSection | None = None
    """The events in their first two principal components."""
    scan: ScanSection | None = None
    """One study at each point of a grid of its own settings."""
    crossing: CrossingSection | None = None
    """Where the mean output crosses a value in systems of several sizes, and in an infinite one."""
    confusion: ConfusionSection | None = None
    """What is known of where the transition is that a scan over labellings looks for."""

    _place: str = PrivateAttr(default="study.toml")
    _folder: Path = PrivateAttr(default=Path())
    _trust: bool = PrivateAttr(default=False)
    _outside: dict[str, Section] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _clustering_keeps_all(cls, document: Any) -> Any:
        """A clustering seals no test set unless it is asked to."""
        if not isinstance(document, dict):
            return document
        data, split = document.get("data"), document.get("split", {})
        if not isinstance(data, dict) or not isinstance(split, dict):
            return document
        if data.get("task") != "clustering" or "test" in split:
            return document
        return {**document, "split": {**split, "test": 0.0}}

    @model_validator(mode="before")
    @classmethod
    def _crossfit_is_one_cross_validation(cls, document: Any) -> Any:
        """Claims on cross-fitted events need no repeats of the folds: halves of the events say how they vary."""
        if not isinstance(document, dict):
            return document
        evaluate, split = document.get("evaluate"), document.get("split", {})
        if (
            not isinstance(evaluate, dict)
            or not isinstance(split, dict)
            or evaluate.get("crossfit") is not True
        ):
            return document
        if "repeats" in split or "validation" in split:
            return document
        return {**document, "split": {**split, "repeats": 1}}

    @model_validator(mode="after")
    def _source_is_simulated(self) -> Spec:
        if self.data.simulated is None and (self.source.n is not None or self.source.settings):
            raise ValueError("source is given but data.source is not simulate:NAME; remove the section")
        given = self.split.test if isinstance(self.split.test, dict) else {}
        drawn = [name for name, rows in given.items() if rows.source is not None]
        if self.data.simulated is None and drawn:
            raise ValueError(
                f"split.test.{drawn[0]}.source is given but data.source is not simulate:NAME; a test set is drawn of "
                "simulated events alone"
            )
        return self

    @model_validator(mode="after")
    def _weights_are_there(self) -> Spec:
        read = self.data.path is not None
        if read and self.weights is not None and self.data.weight is None and not self.weights.yields:
            raise ValueError(
                "weights is given but no data.weight and no weights.yields; name the column of weights"
            )
        other = () if self.weights is None else self.weights.alternatives
        if both := [name for name in self.data.features or () if name in other]:
            raise ValueError(
                f"weights.alternatives: '{both[0]}' is a feature too; a weight is none, keep one"
            )
        return self

    @model_validator(mode="after")
    def _distinct_names(self) -> Spec:
        taken: dict[str, int] = {}
        for position, model in enumerate(self.models):
            first = taken.setdefault(model.name, position)
            if first != position:
                raise ValueError(
                    f"models[{position}].name: '{model.name}' is already the name of models[{first}]; "
                    "give each its own name"
                )
        return self

    @model_validator(mode="after")
    def _budgets_are_of_searches(self) -> Spec:
        for position, model in enumerate(self.models):
            steps = self.features.reduce if model.reduce is None else model.reduce
            searched = bool(model.tune) or any(isinstance(step["n"], (str, list)) for step in steps)
            for key in ("trials", "search"):
                if getattr(model, key) is not None and not searched:
                    raise ValueError(
                        f"models[{position}]: {key} is given but nothing is tuned; add tune = true, or remove {key}"
                    )
        return self

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        data: Paths | None = None,
        seed: int | None = None,
        trust: bool = False,
    ) -> Spec:
        """Read a study file.

        Parameters
        ----------
        path : str or Path
            The study file.
        data : path or sequence of paths, optional
            The table in place of ``data.path``; relative to the current folder.
        seed : int, optional
            In place of ``study.seed``.
        trust : bool
            Whether a loss of the user's own may be imported: its module is run.

        Raises
        ------
        DataError
            The file is absent, a folder, too long or not UTF-8.
        StudyError
            It says something a study cannot say; the message names the place.
        """
        path = Path(path)
        document = parse(text_of(path), path.name)
        _override(document, data, seed)
        study = document.get("study", {})
        if isinstance(study, dict):
            document["study"] = {"name": default_name(path), **study}
        return cls.from_document(document, place=path.name, folder=path.resolve().parent, trust=trust)

    @classmethod
    def from_toml(cls, text: str, *, place: str = "study.toml", folder: Path | None = None) -> Spec:
        """Return the study written in ``text``; ``place`` is what messages call it.

        Raises
        ------
        StudyError
            It says something a study cannot say; the message names the place.
        """
        return cls.from_document(parse(text, place), place=place, folder=folder)

    @classmethod
    def from_document(
        cls,
        document: Mapping[str, Any],
        *,
        place: str = "study",
        folder: Path | None = None,
        trust: bool = False,
    ) -> Spec:
        """Return the study a parsed document describes; relative paths are taken from ``folder``."""
        refuse_unbuilt(document, place)
        if wrong := unclaimed(document.get("data")):
            beside = document["data"] if len(wrong) == 2 else document["data"]["join"]
            raise StudyError(f"{place}: {unknown_key(wrong, cls, options_of(beside))}")
        sections = {name: section for name, section in outside_sections().items() if name in document}
        own = {name: value for name, value in document.items() if name not in sections}
        spec = _validated(cls, own, place)
        spec._outside = {
            name: _validated(section, document[name], f"{place}: {name}")
            for name, section in sections.items()
        }
        spec._place = place
        spec._folder = folder or Path.cwd()
        spec._trust = trust
        spec._check_names()
        return spec

    def _check_names(self) -> None:
        """Refuse kinds, parameters and metrics that nobody registered."""
        from fivesigma.study.registry.registry import kinds

        known = kinds()
        for position, model in enumerate(self.models):
            if model.kind == OWN:
                continue
            self._known(model.kind, known, KINDS, f"models[{position}].kind", "model")
            self._check_settings(model, known[model.kind], f"models[{position}]")
        if self.evaluate.metric is not None:
            from fivesigma.risk.metrics import metrics

            able = {name: each for name, each in metrics().items() if self._may_score(each)}
            known_metrics = metrics() if self.evaluate.metric in metrics() else able
            self._known(self.evaluate.metric, known_metrics, LATER_METRICS, "evaluate.metric", "metric")
        names = [model.name for model in self.models] or [name for name, each in known.items() if each.lineup]
        if self.evaluate.baseline not in (*names, *known):
            raise self.error(
                "evaluate.baseline",
                f"'{self.evaluate.baseline}' is not a model of this study; expected one of "
                f"{', '.join(names)}.{did_you_mean(self.evaluate.baseline, names)}",
            )

    def _may_score(self, metric: Metric) -> bool:
        """Whether a metric could be meant: of clusters where these are asked for, else of a target."""
        return metric.scores in _SCORED.get(self.data.task or "", _LEARNT)

    def _check_settings(self, model: ModelSection, kind: ModelKind, where: str) -> None:
        if self.data.task is not None and self.data.task not in kind.tasks:
            able = " and ".join(kind.tasks)
            raise self.error(
                f"{where}.kind", f"'{kind.name}' does {able}, not {self.data.task}; choose another."
            )
        from fivesigma.study.registry.path import apart, settle

        self._check_trust(model, where)
        try:
            path, params = apart(kind, model.path, model.params)
            kind.checked(params, self.data.task)
            if settle(kind, path, params) is not None and path and model.tune is not False:
                raise InputError("loss makes a path, whose λ is chosen by folds; remove tune.")
            if model.tune:
                kind.narrowed(model.tune, self.data.task)
        except InputError as error:
            raise self.error(where, str(error)) from None

    def _check_trust(self, model: ModelSection, where: str) -> None:
        """Refuse a loss of the user's own, whose module would be run, unless it is trusted."""
        for key, loss in (("loss", model.loss), ("params.loss", model.params.get("loss"))):
            name = loss.get("name", "") if isinstance(loss, Mapping) else loss
            if ":" in str(name) and not self._trust:
                raise self.error(
                    f"{where}.{key}",
                    f"'{name}' runs the code of that module; add --trust if you know what it does.",
                )

    def _known(
        self, word: str, known: Mapping[str, Any], later: Sequence[str], where: str, what: str
    ) -> None:
        if word in known:
            return
        options = list(known)
        state = "in this version" if word in later else f"a {what}"
        hint = "" if word in later else did_you_mean(word, options)
        more = f" and {len(options) - MANY} others, see {see('study-file')}" if len(options) > MANY else ""
        shown = f"{', '.join(options[:MANY])}{more}"
        listed = "those that `fivesigma models` lists" if what == "model" else shown
        raise self.error(where, f"'{word}' is not {state}; expected one of {listed}.{hint}")

    def section(self, name: str) -> Section | None:
        """Return the section of an analysis from outside; None where the study has none."""
        return self._outside.get(name)

    def error(self, where: str, message: str) -> StudyError:
        """Return (not raise) the error that says ``message`` about the key ``where`` of this file."""
        return StudyError(f"{self._place}: {where}: {message}")

    @property
    def place(self) -> str:
        """What messages call the file."""
        return self._place

    @property
    def folder(self) -> Path:
        """The folder relative paths are taken from; also where the ledger of openings lies."""
        return self._folder

    @property
    def trust(self) -> bool:
        """Whether a loss of the user's own may be imported."""
        return self._trust

    def paths(self) -> list[str]:
        """Return the table's paths, absolute, globs unexpanded.

        Raises
        ------
        StudyError
            The user must supply the table and did not.
        """
        if self.data.simulated is not None:
            return []
        if self.data.files is not None:
            return [self.absolute(path) for each in self.data.files.values() for path in each]
        if self.data.path is not None:
            return [self.absolute(path) for path in self.data.path]
        where = (self.data.source or "").removeprefix(USER_SOURCE).strip()
        raise StudyError(f"the study '{self.study.name}' needs its table: give it by --data PATH ({where})")

    def sources(self) -> Sources:
        """Return the files of the study's table, and the class of each where there are files a class.

        Raises
        ------
        StudyError, DataError, InputError
            As `paths`; or a file is not there, or is of two classes.
        """
        if self.data.files is None:
            return Sources.of(self.paths())
        return Sources.by_class(self._absolute_files())

    def _absolute_files(self) -> dict[str, tuple[str, ...]]:
        files = self.data.files or {}
        return {name: tuple(map(self.absolute, paths)) for name, paths in files.items()}

    def absolute(self, path: str) -> str:
        """Return a path of the study file as an absolute one."""
        return str((self._folder / Path(path).expanduser()).absolute())

    def resolved(self) -> Spec:
        """Return the same study with absolute paths, so that its file can lie anywhere."""
        data = self.data
        if data.files is not None:
            data = data.model_copy(update={"files": self._absolute_files()})
        elif data.simulated is None:
            data = data.model_copy(update={"path": tuple(self.paths()), "source": None})
        if data.observed is not None:
            seen = tuple(self.absolute(path) for path in data.observed)
            data = data.model_copy(update={"observed": seen})
        if data.join is not None:
            join = data.join.model_copy(update={"path": self.absolute(data.join.path)})
            data = data.model_copy(update={"join": join})
        test = self.split.test
        if isinstance(test, dict):
            test = {name: self._resolved_rows(rows) for name, rows in test.items()}
        models = tuple(self._resolved_file(model) for model in self.models)
        split = self.split.model_copy(update={"test": test})
        return self.model_copy(update={"data": data, "split": split, "models": models})

    def _resolved_file(self, model: ModelSection) -> ModelSection:
        return model if model.file is None else model.model_copy(update={"file": self.absolute(model.file)})

    def _resolved_rows(self, rows: TestRows) -> TestRows:
        return rows if rows.path is None else rows.model_copy(update={"path": self.absolute(rows.path)})

    def to_document(self) -> dict[str, Any]:
        """Return the complete study as plain values, defaults filled in; what is not said is left out."""
        document = self.model_dump(mode="json", exclude_none=True)
        if not document["source"]:
            del document["source"]
        document |= {
            name: section.model_dump(mode="json", exclude_none=True)
            for name, section in self._outside.items()
        }
        return {name: section for name, section in document.items() if section != []}

    def to_toml(self) -> str:
        """Return the complete study file; reading it gives an equal study.

        >>> spec = Spec.from_toml('[data]\\npath = "t.csv"\\ntarget = "y"')
        >>> Spec.from_toml(spec.to_toml()) == spec
        True
        """
        return write_toml(self.to_document())


SectionClass = TypeVar("SectionClass", bound=Section)


def _validated(section: type[SectionClass], document: Any, place: str) -> SectionClass:
    """Return a section of a study file; `StudyError` for the first thing that is wrong with it."""
    if not isinstance(document, Mapping):
        raise StudyError(f"{place}: got {shown(document)}, expected a table {{ key = value }}.")
    try:
        return section.model_validate(dict(document))
    except ValidationError as error:
        raise StudyError(f"{place}: {sentence(error, document, section)}") from None


def outside_sections() -> dict[str, type[Section]]:
    """Return the sections of the study file that analyses from outside bring, by name."""
    found = {name: analysis.section for name, analysis in outside("analyses").items()}
    return {name: section for name, section in found.items() if section is not None}


def default_name(path: Path) -> str:
    """Return the name a study without one gets: its file's, or its folder's for a ``study.toml``.

    >>> default_name(Path("susy/study.toml")), default_name(Path("pulsars.toml"))
    ('susy', 'pulsars')
    """
    stem = path.resolve().parent.name if path.stem == "study" else path.stem
    kept = re.sub(r"[^A-Za-z0-9 ._+-]", "-", stem)
    return kept.lstrip(" ._+-")[:80] or "study"


def _override(document: dict[str, Any], data: Paths | None, seed: int | None) -> None:
    """Put what the command line said over what the file says."""
    section = document.get("data", {})
    if data is not None and isinstance(section, dict):
        given = [data] if isinstance(data, (str, Path)) else data
        document["data"] = replaced(section, [str(path) for path in given])
    if seed is not None and isinstance(document.get("study", {}), dict):
        document["study"] = document.get("study", {}) | {"seed": seed}
