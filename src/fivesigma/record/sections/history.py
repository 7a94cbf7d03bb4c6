"""How a network came to what it has learnt: the losses of its members, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Losses = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class MemberHistory:
    """One member of an ensemble.

    Attributes
    ----------
    n_epochs : epochs that it was trained for.
    epoch : the one whose parameters are kept, from 1; None of a member that failed.
    failed : whether its loss left the finite numbers, in the last of its epochs.
    train : mean loss of the rows fitted to, at the epochs of the record; None behind its end.
    validation : the same of rows held out; None where there are none.
    kept : the loss at the epoch that is kept: of rows held out, where there are any.
    params : the settings in which the members differ.
    """

    n_epochs: int
    epoch: int | None
    failed: bool
    train: Losses
    validation: Losses | None
    kept: float | None
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Diverged:
    """A fit in which members failed, in words, and their numbers from 1."""

    fit: str
    members: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class HistoryRecord(Section):
    """The training of the final fit, and in short that of the others.

    Attributes
    ----------
    loss : its name; of a regression it is of standardised targets.
    most : epochs that were asked for.
    epochs : those that are shown, from 1, at most 200.
    members : every member.
    n_fits : fits to folds and to other training sets, in which `others` and `diverged` look.
    others : the lowest, the median and the highest epoch that is kept in these.
    diverged : those of them in which members failed.
    """

    key, of = "history", "model"

    loss: str
    most: int
    epochs: tuple[int, ...]
    members: tuple[MemberHistory, ...]
    n_fits: int = 0
    others: tuple[int, ...] | None = optional()
    diverged: tuple[Diverged, ...] | None = optional()
