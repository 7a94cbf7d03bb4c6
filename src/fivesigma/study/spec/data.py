"""``[data]`` and ``[source]``: which table, and which column plays which part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from fivesigma._core.errors import FivesigmaError
from fivesigma._core.outside import outside
from fivesigma.study.spec.files import Files, Group, with_classes
from fivesigma.study.spec.section import SIMULATED, USER_SOURCE, Section
from fivesigma.study.spec.values import (
    Label,
    Text,
    Texts,
    Values,
    Whole,
    shown,
)


def as_task(value: Any) -> str:
    """Return the name of a task, ours or that of a package (entry points ``fivesigma.tasks``).

    >>> as_task("regression")
    'regression'
    """
    known = (*TASKS, *outside("tasks"))
    if value not in known:
        raise ValueError(f"{shown(value)} is not a task; expected one of {', '.join(known)}")
    return str(value)


TASKS = ("classification", "regression", "clustering")
TaskName = Annotated[
    str, PlainValidator(as_task), WithJsonSchema({"type": "string", "examples": list(TASKS)})
]


class Join(Section):
    """A second table, joined on a key."""

    model_config = ConfigDict(extra="allow")

    path: Text
    """The second table; relative to the study file."""
    on: Text
    """The column both tables have."""

    @property
    def options(self) -> dict[str, Any]:
        """The options of the second table's reader, such as ``separator`` of CSV."""
        return dict(self.model_extra or {})


class DataSection(Section):
    """Which table, and which column plays which part; other keys are options of the table's reader."""

    model_config = ConfigDict(extra="allow")

    path: Texts | None = None
    """The table: one path, several, or a glob; relative to the study file."""
    files: Files | None = None
    """In place of a path: one file, glob, folder or list of these a class, in the order of the classes, the last the
    signal; the column that holds it is ``class``."""
    source: Text | None = None
    """In place of a path: ``simulate:NAME``, or ``user:WHERE TO GET IT``, a table the user supplies by --data."""
    target: Text | tuple[Text, ...] | None = None
    """The column to predict, or an expression such as log10(M_500); in a clustering the truth, which no fit sees. A
    list of several is a regression of all of them."""
    task: TaskName | None = None
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
    group: Group | None = None
    """Rows that share this value never stand on both sides of a split; { path = "CLUSTER_(\\d+)" } takes it from the
    path of each file."""
    select: Text | None = None
    """Keep the rows for which this expression is true."""
    rows: tuple[Annotated[Whole, Field(ge=0)], Annotated[Whole, Field(ge=1)]] | None = None
    """Read these rows of the table alone, such as [0, 100000]: from the first to before the second, from 0."""
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """Read this part of the rows alone, such as 0.1, drawn by a hash of all that a row holds."""
    missing: Values = ()
    """Codes that mean a missing value, such as -999."""
    units: dict[str, Text] = {}
    """Unit of each column, such as "GeV"."""
    observed: Texts | None = None
    """Files of observed events, without labels, which are shown beside the simulation."""
    format: Text | None = None
    """Name of the table's format, such as "CSV", where the suffix of its name does not say it."""

    @property
    def options(self) -> dict[str, Any]:
        """The options of the table's reader, such as ``separator`` of CSV."""
        return dict(self.model_extra or {})

    @model_validator(mode="before")
    @classmethod
    def _classes_of_files(cls, given: Any) -> Any:
        return with_classes(given)

    @model_validator(mode="after")
    def _one_source(self) -> DataSection:
        if self.path is not None and self.source is not None:
            raise ValueError("data.path and data.source are both given; keep one")
        if self.files is not None and (self.path is not None or self.source is not None):
            raise ValueError("data.files and another source of the table are both given; keep one")
        if self.path is None and self.source is None and self.files is None:
            raise ValueError("data.path is missing; name the table, or give it by --data PATH")
        if self.path is not None and not self.path:
            raise ValueError("data.path is an empty list; name the table")
        if self.source is not None and not self.source.startswith((USER_SOURCE, SIMULATED)):
            raise ValueError(
                f"data.source: {shown(self.source)} is not a source; write 'simulate:NAME' or 'user:WHERE TO GET IT'"
            )
        return self

    @model_validator(mode="after")
    def _known_target(self) -> DataSection:
        if len(set(self.targets)) < len(self.targets) or (self.target is not None and len(self.target) == 0):
            raise ValueError(
                "data.target names each target once; give one column, or a list of different ones"
            )
        if len(self.targets) > 1 and (self.task or "regression") != "regression":
            raise ValueError(
                f"data.target: several targets are a regression, not a {self.task}; name one column"
            )
        if self.target is None and self.simulated is None and self.task != "clustering":
            raise ValueError(
                'data.target is missing; name the column to predict, or set task = "clustering" if there is none'
            )
        return self

    @property
    def first(self) -> str | None:
        """The first path of the table, None where a source makes it."""
        paths = self.path or next(iter((self.files or {}).values()), ())
        return next(iter(paths), None)

    @property
    def targets(self) -> tuple[str, ...]:
        """What is to be predicted, one or several."""
        return () if self.target is None else (self.target,) if isinstance(self.target, str) else self.target

    @property
    def simulated(self) -> str | None:
        """The system that makes the table, None where a file holds it."""
        made = self.path is None and self.files is None and (self.source or "").startswith(SIMULATED)
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
        yield "the target", self.targets
        alone = {"the weight": self.weight, "the group": self.group if isinstance(self.group, str) else None}
        yield from ((role, (column,)) for role, column in alone.items() if column is not None)
        yield "a feature", self.features or ()
        also = {self.weight, self.group}
        yield "a spectator", tuple(column for column in self.spectators if column not in also)


class SourceSection(Section):
    """How many events a simulated source makes, and the settings of its system."""

    model_config = ConfigDict(extra="allow")

    n: Annotated[Whole, Field(ge=1, le=10**10)] | None = None
    """Events to draw; default: the system's own number."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the system by name; a dotted name sets one of a part."""
        return dict(self.model_extra or {})


def unclaimed(data: Any) -> tuple[str, ...] | None:
    """Return the place of the first key of ``[data]`` that is neither one of its own nor an option of its reader.

    >>> unclaimed({"path": "t.csv", "separator": ";"}), unclaimed({"path": "t.csv", "tree": "mini"})
    (None, ('data', 'tree'))
    """
    if not isinstance(data, Mapping):
        return None
    sections: tuple[tuple[tuple[str, ...], type[Section]], ...] = (
        (("data",), DataSection),
        (("data", "join"), Join),
    )
    for place, section in sections:
        keys = data if len(place) == 1 else data.get("join")
        if isinstance(keys, Mapping):
            claimed = {*section.model_fields, *options_of(keys)}
            if wrong := [key for key in keys if key not in claimed]:
                return (*place, wrong[0])
    return None


def options_of(section: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options of the reader of the table that a section names; none where no reader is known."""
    from fivesigma.data import readers

    path, format = section.get("path"), section.get("format")
    if path is None and isinstance(section.get("files"), Mapping):
        path = next(iter(section["files"].values()), None)
    first = path[0] if isinstance(path, (list, tuple)) and path else path
    if not isinstance(first, str) or not isinstance(format, str | None):
        return ()
    try:
        return readers.reader_for(first, format).options
    except FivesigmaError:
        return ()
