"""The sections of the study file, one frozen model each; a new capability adds its section to `Spec`.

Each key carries its own description: the JSON schema for editors is made from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from fivesigma.study.spec.values import (
    Flag,
    Grid,
    Label,
    Lambdas,
    LossName,
    Number,
    Reduce,
    Search,
    Sentence,
    Setting,
    Text,
    Texts,
    Values,
    Whole,
    shown,
)

DEFAULT_TRIALS = 40
DEFAULT_SEARCH = "tpe"
RESERVED_NAMES = ("row", "part", "target", "weight")
"""Columns of ``predictions.parquet`` that no model may be called."""

StudyName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$", max_length=80)
]
ModelName = Annotated[str, StringConstraints(strict=True, pattern=r"^[^:\x00-\x1f\x7f]+$", max_length=100)]


USER_SOURCE = "user:"
SIMULATED = "simulate:"


class Section(BaseModel):
    """A table of the study file: closed (unknown keys are refused) and frozen."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


class StudySection(Section):
    """What the study is called and asks."""

    name: StudyName = "study"
    """Name of the run folder; default: the name of the file."""
    question: Sentence = ""
    """The question the first sentence of the page answers."""
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    """The one number all randomness is drawn from."""


class Join(Section):
    """A second table, joined on a key."""

    path: Text
    """The second table; relative to the study file."""
    on: Text
    """The column both tables have."""


class DataSection(Section):
    """Which table, and which column plays which part."""

    path: Texts | None = None
    """The table: one path, several, or a glob; relative to the study file."""
    source: Text | None = None
    """In place of a path: ``simulate:NAME``, or ``user:WHERE TO GET IT``, a table the user supplies by --data."""
    target: Text | None = None
    """The column to predict, or an expression such as log10(M_500); in a clustering the truth, which no fit sees."""
    task: Literal["classification", "regression", "clustering"] | None = None
    """Inferred from the target where it is not said; "clustering" needs none."""
    features: tuple[Text, ...] | None = None
    """Columns to learn from; default: every numeric column that has no other role."""
    spectators: tuple[Text, ...] = ()
    """Columns never trained on, always written out."""
    classes: tuple[Label, ...] | None = None
    """The classes to keep, in order; the last is the signal. Default: all, sorted."""
    join: Join | None = None
    """A second table, joined on a key."""
    weight: Text | None = None
    """The column of event weights."""
    training_weights: Literal["mean", "classes"] = "mean"
    """Weights while training: scaled to mean 1, or so that every class has the same sum."""
    group: Text | None = None
    """Rows that share this value never stand on both sides of a split."""
    select: Text | None = None
    """Keep the rows for which this expression is true."""
    missing: Values = ()
    """Codes that mean a missing value, such as -999."""
    units: dict[str, Text] = {}
    """Unit of each column, such as "GeV"."""

    @model_validator(mode="after")
    def _one_source(self) -> DataSection:
        if self.path is not None and self.source is not None:
            raise ValueError("data.path and data.source are both given; keep one")
        if self.path is None and self.source is None:
            raise ValueError("data.path is missing; name the table, or give it by --data PATH")
        if self.path is not None and not self.path:
            raise ValueError("data.path is an empty list; name the table")
        if self.source is not None and not self.source.startswith((USER_SOURCE, SIMULATED)):
            raise ValueError(
                f"data.source: {shown(self.source)} is not a source; write 'simulate:NAME' or 'user:WHERE TO GET IT'"
            )
        if self.target is None and self.simulated is None and self.task != "clustering":
            raise ValueError(
                'data.target is missing; name the column to predict, or set task = "clustering" if there is none'
            )
        return self

    @property
    def simulated(self) -> str | None:
        """The system that makes the table, None where a file holds it."""
        made = self.path is None and (self.source or "").startswith(SIMULATED)
        return (self.source or "").removeprefix(SIMULATED) if made else None

    @model_validator(mode="after")
    def _one_role(self) -> DataSection:
        if self.classes is not None and (
            len(set(self.classes)) < 2 or len(set(self.classes)) < len(self.classes)
        ):
            raise ValueError("data.classes needs two or more different classes, the signal last")
        roles: dict[str, str] = {}
        for role, columns in self._roles():
            for column in columns:
                if roles.setdefault(column, role) != role:
                    raise ValueError(
                        f"data: the column '{column}' is both {roles[column]} and {role}; keep one role"
                    )
        return self

    def _roles(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What each column is; a spectator may also be the weight or the group."""
        alone = {"the target": self.target, "the weight": self.weight, "the group": self.group}
        yield from ((role, (column,)) for role, column in alone.items() if column is not None)
        yield "a feature", self.features or ()
        also = {self.weight, self.group}
        yield "a spectator", tuple(column for column in self.spectators if column not in also)


class SourceSection(Section):
    """How many events a simulated source makes, and the settings of its system."""

    model_config = ConfigDict(extra="allow")

    n: Annotated[Whole, Field(ge=1)] | None = None
    """Events to draw; default: the system's own number."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the system by name; a dotted name sets one of a part."""
        return dict(self.model_extra or {})


class TestRows(Section):
    """A test set given by hand: the rows with a value in a column, or a second file."""

    __test__ = False  # pytest: not a test class

    column: Text | None = None
    """The column that says which rows are the test set."""
    value: Values | None = None
    """The value, or values, of the column in the test set."""
    path: Text | None = None
    """A second file, read as the first; relative to the study file."""

    @model_validator(mode="after")
    def _one_way(self) -> TestRows:
        by_column = self.column is not None and bool(self.value)
        if by_column == (self.path is not None) or (self.column is None) != (self.value is None):
            raise ValueError("a test set is { column = ..., value = ... } or { path = ... }")
        return self


def _is_named(value: Any) -> bool:
    tables = isinstance(value, dict) and bool(value)
    return tables and all(isinstance(item, (dict, TestRows)) for item in value.values())


def _test_rows(value: Any) -> Any:
    """Tell the forms of ``split.test`` apart; a table of tables is several named test sets."""
    if value is False:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float, dict, TestRows)):
        raise ValueError(
            f"{shown(value)} is not a test set; write a fraction, {{ column, value }} or {{ path }}"
        )
    if (
        isinstance(value, dict)
        and value
        and all(isinstance(item, (dict, TestRows)) for item in value.values())
    ):
        return value
    if isinstance(value, dict):
        return {"test": value}
    return {"test": value} if isinstance(value, TestRows) else float(value)


class SplitSection(Section):
    """Which rows are for training, for validation, and sealed."""

    test: Annotated[
        Annotated[float, Field(ge=0, lt=1), Tag("fraction")]
        | Annotated[dict[ModelName, TestRows], Tag("rows")],
        Discriminator(lambda value: "rows" if isinstance(value, dict) else "fraction"),
        BeforeValidator(_test_rows),
    ] = 0.2
    """A fraction, 0 for none (as in a clustering by default), { column, value }, { path }, or several named ones."""
    folds: Annotated[Whole, Field(ge=2, le=1000)] | None = None
    """Folds of the cross-validation; 5 where no validation fraction is given."""
    validation: Annotated[Number, Field(gt=0, lt=1)] | None = None
    """In place of folds: one validation set, this fraction of the training rows."""
    stratify: Flag = True
    """Keep the classes' proportions in every part."""
    duplicates: Literal["together", "ignore"] = "together"
    """Exact copies of a row stay on one side; "ignore" for tables of few distinct rows."""

    @model_validator(mode="before")
    @classmethod
    def _folds_or_validation(cls, section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        if section.get("folds") is not None and section.get("validation") is not None:
            raise ValueError("split.folds and split.validation are both given; keep one")
        if section.get("validation") is None and section.get("folds") is None:
            return {**section, "folds": 5}
        return section

    @model_validator(mode="after")
    def _tests_have_names_of_their_own(self) -> SplitSection:
        taken = sorted({"train", "validation"} & set(self.test if isinstance(self.test, dict) else ()))
        if taken:
            raise ValueError(f"split.test: '{taken[0]}' is the name of another part; rename the test set")
        return self


class FeaturesSection(Section):
    """What turns columns into features."""

    standardise: Flag = True
    """Z-scores, fitted on the training rows only, for the models that need them."""
    interactions: Annotated[Whole, Field(ge=1, le=2)] = 1
    """2 adds the products of pairs of features."""
    polynomial: Annotated[Whole, Field(ge=1, le=10)] = 1
    """Powers of each feature up to this one."""
    categorical: Literal["onehot"] | None = None
    """How text columns named as features enter; without it they are refused by name."""
    missing: Literal["native", "impute", "drop"] = "native"
    """Missing values: left to models that take them, imputed with an indicator, or rows dropped."""
    reduce: Reduce = ()
    """Steps that leave fewer columns, fitted inside the rows of each fit: { kind = "pca", n = 5 }, or a list."""
    expressions: dict[ModelName, Text] = {}
    """New features by name, such as log_M = "log10(M_500)"."""


class ModelSection(Section):
    """One model of the line-up."""

    name: ModelName
    """Default: the kind."""
    kind: Text
    """One of those that `fivesigma models` lists."""
    features: tuple[Text, ...] | None = None
    """Its own features in place of all."""
    interactions: Annotated[Whole, Field(ge=1, le=2)] | None = None
    """In place of features.interactions."""
    polynomial: Annotated[Whole, Field(ge=1, le=10)] | None = None
    """In place of features.polynomial."""
    reduce: Reduce | None = None
    """In place of features.reduce; false for none."""
    params: dict[Text, Setting] = {}
    """Fixed settings, such as { max_depth = 8 }."""
    tune: Search = False
    """Settings to search: { max_depth = [2, 100] }, or true for the kind's own ranges."""
    trials: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    """Settings tried, inside the training folds; 40 where something is tuned."""
    search: Literal["tpe", "random", "grid"] | None = None
    """How settings are proposed: by Optuna's TPE (the default), at random, or on a grid of at most `trials` points."""
    penalty: Literal["l1", "l2", "elastic-net", "none"] | None = None
    """The penalty of a regularisation path; default: the kind's."""
    lambdas: Lambdas | None = None
    """The λ of the path: { from = 1e-2, to = 1e5, n = 50 }, even in log, or a list of numbers."""
    select: Literal["best", "one-standard-error"] | None = None
    """Which λ is used: that of the best score on inner folds, or the largest within a standard error of it."""
    l1_ratio: Annotated[Number, Field(gt=0, le=1)] | None = None
    """The share of |θ| in an elastic net."""
    loss: LossName | None = None
    """The loss: a name, { name = "huber", delta = 1.0 }, or with --trust "module:name", one of your own."""

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, section: Any) -> Any:
        """The name defaults to the kind; a search has its budget and its method where something is tuned."""
        if not isinstance(section, dict):
            return section
        filled = {"name": section["kind"], **section} if "kind" in section else section
        if section.get("tune"):
            return {"trials": DEFAULT_TRIALS, "search": DEFAULT_SEARCH, **filled}
        return filled

    @model_validator(mode="after")
    def _consistent(self) -> ModelSection:
        if not self.name.strip():
            raise ValueError("the name is blank; name the model, or remove the key for its kind")
        if self.name in RESERVED_NAMES:
            raise ValueError(f"'{self.name}' is already a column of predictions.parquet; rename the model")
        if isinstance(self.tune, dict) and (both := sorted(set(self.tune) & set(self.params))):
            raise ValueError(f"'{both[0]}' is both fixed by params and tuned; keep one")
        twice = [name for name in self.features or () if (self.features or ()).count(name) > 1]
        if twice:
            raise ValueError(f"features names '{twice[0]}' twice; name each column once")
        if self.features is not None and not self.features:
            raise ValueError("features is an empty list; name a column, or remove the key for all of them")
        if self.path and self.tune is not False:
            raise ValueError(f"{next(iter(self.path))} makes a path, whose λ is chosen by folds; remove tune")
        return self

    @property
    def path(self) -> dict[str, Any]:
        """The keys of a regularisation path that are given."""
        keys = ("penalty", "lambdas", "select", "l1_ratio", "loss")
        return {key: getattr(self, key) for key in keys if getattr(self, key) is not None}


class EvaluateSection(Section):
    """How models are judged."""

    metric: Text | None = None
    """The primary metric; default: roc_auc for classes, r2 for numbers; of a clustering overlap or log_likelihood."""
    baseline: Text = "dummy"
    """The model every other is compared with."""
    bootstrap: Annotated[Whole, Field(ge=100, le=1_000_000)] = 2000
    """Resamples of the test events."""
    refits: Annotated[Whole, Field(ge=0, le=10_000)] = 10
    """Refits on resampled training sets."""
    claim: Literal["procedure", "fitted"] = "procedure"
    """What a significance is about: the procedure retrained, or this fitted model."""
    relevant: Annotated[Number, Field(ge=0)] = 0.0
    """The smallest difference worth a word."""

    @model_validator(mode="after")
    def _enough_refits(self) -> EvaluateSection:
        if self.refits < 2 and self.claim == "procedure":
            raise ValueError('evaluate.refits must be 2 or more (10 for trust), or set claim = "fitted"')
        return self


class CurvesSection(Section):
    """Scores against a setting of a model, or against the number of events it learns from."""

    learning: Flag | tuple[ModelName, ...] = False
    """true for every model but the baseline, or the names of some: score against training events."""
    validation: dict[ModelName, dict[Text, Grid]] = {}
    """Score against a setting: { tree = { max_depth = [1, 2, 4, 100] } }, a span { from, to, n }, or true."""
    bias_variance: dict[ModelName, Text] = {}
    """Bias², variance and their sum against a setting: { tree = "max_depth" }."""
    rounds: Annotated[Whole, Field(ge=10, le=100_000)] = 200
    """Bootstrap samples of a bias–variance decomposition."""

    @property
    def asked(self) -> bool:
        """Whether any curve is."""
        return bool(self.learning or self.validation or self.bias_variance)
