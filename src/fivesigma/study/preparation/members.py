"""Whether what a study says of the members of sets fits its events and its models."""

from __future__ import annotations

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.features.members import members_of
from fivesigma.study.plan import Entry
from fivesigma.study.registry.kind import ModelKind
from fivesigma.study.spec.document import Spec


def check_declared(spec: Spec, data: Dataset) -> None:
    """Raise `StudyError` for members or a momentum that the events cannot have."""
    members, momentum = spec.features.members, spec.features.momentum
    try:
        if members and data.kind != "table":
            raise InputError(
                f"members are columns of a table, and an event is of kind '{data.kind}'; remove them."
            )
        if momentum and not members and data.kind != "set":
            raise InputError(
                f"momentum is of the members of a set, and an event is of kind '{data.kind}'; name their columns in "
                "features.members, or remove it."
            )
        members_of(data.names, members or {}, momentum or ())
    except InputError as error:
        raise spec.error("features", str(error)) from None


def check_sets(spec: Spec, data: Dataset, kind: ModelKind, entry: Entry) -> None:
    """Raise `InputError` where a model of sets gets a table whose members nobody has named, or other columns."""
    if not kind.members or data.kind != "table":
        return
    if entry.reduce or spec.features.missing == "impute":
        step = (
            "reduce leaves other columns"
            if entry.reduce
            else "missing = 'impute' fills members that are absent"
        )
        raise InputError(f"{kind.name!r} is told of members by their columns, and {step}; remove it.")
    if not spec.features.members:
        raise InputError(
            f"{kind.name!r} takes sets, and an event is a row of a table; name the columns of its members in "
            'features.members = { a = ["a_pt", "a_eta"], b = ["b_pt", "b_eta"] }.'
        )
