"""``[[models]]``: one model of the line-up."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    model_validator,
)

from fivesigma.study.spec.section import DEFAULT_SEARCH, DEFAULT_TRIALS, RESERVED_NAMES, ModelName, Section
from fivesigma.study.spec.values import (
    Flag,
    ImageFamilies,
    Lambdas,
    LossName,
    Number,
    Reduce,
    Search,
    Setting,
    Text,
    Whole,
)

GIVEN = "predictions"
"""The kind of a model that is not fitted here: its scores are read."""

GIVEN_KEYS = ("file", "on", "columns", "refits", "seeds", "out_of_fold")
"""The keys of ``[[models]]`` that only this kind takes."""

Columns = Annotated[tuple[Text, ...], Field(min_length=1)]


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
    image: ImageFamilies | None = None
    """Of images and sequences: in place of features.image."""
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

    file: Text | None = None
    """Of kind "predictions": the table of scores made elsewhere, relative to this file."""
    on: Text | None = None
    """The key in both tables, each value once; without it the scores are of the same rows in the same order."""
    columns: Columns | None = None
    """The column of the value; of classes one each in their order, or one alone: the probability of the last of two."""
    refits: tuple[Columns, ...] | None = None
    """Columns of models trained on resample_1, resample_2 … of `fivesigma split`: the error of the training set."""
    seeds: tuple[Columns, ...] | None = None
    """Columns of further trainings on the same rows: the error of the seed."""
    out_of_fold: Flag | None = None
    """Whether the scores of training rows come from models that have not seen them; else only the test is judged."""

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
        if self.path.keys() - {"loss"} and self.tune is not False:
            raise ValueError(f"{next(iter(self.path))} makes a path, whose λ is chosen by folds; remove tune")
        self._refuse_keys_of_others()
        return self

    def _refuse_keys_of_others(self) -> None:
        """Raise `ValueError` for keys of scores made elsewhere in another kind, for others in that one."""
        asked = {key for key in self.model_fields_set if getattr(self, key) not in (None, False, (), {})}
        if self.kind != GIVEN:
            if others := sorted(asked & set(GIVEN_KEYS)):
                raise ValueError(
                    f"'{others[0]}' is a key of kind = '{GIVEN}', not of '{self.kind}'; remove it"
                )
            return
        if others := sorted(asked - {"name", "kind", *GIVEN_KEYS}):
            raise ValueError(
                f"'{others[0]}' is of models that are fitted here, and '{GIVEN}' is not; remove it"
            )
        for key in ("file", "columns"):
            if key not in asked:
                raise ValueError(f"kind = '{GIVEN}' needs {key}; say where the scores are")
        widths = {len(names) for names in (self.columns or (), *(self.refits or ()), *(self.seeds or ()))}
        if len(widths) > 1:
            raise ValueError(
                "columns, refits and seeds differ in how many columns a set has; give each the same"
            )

    @property
    def path(self) -> dict[str, Any]:
        """The keys of a regularisation path that are given."""
        keys = ("penalty", "lambdas", "select", "l1_ratio", "loss")
        return {key: getattr(self, key) for key in keys if getattr(self, key) is not None}
