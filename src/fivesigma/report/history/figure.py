"""The losses of an ensemble, epoch by epoch: every member, their middle and range, and the epochs that are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import noun
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.history import HistoryRecord, MemberHistory
from fivesigma.report.panels import decades, frame, grid, numbers
from fivesigma.report.plot import Plot
from fivesigma.report.style import BLUE, PAPER, VERMILLION, colour
from fivesigma.report.text import short

Array = NDArray[np.float64]

MOST_GROUPS = 8
LONG = 1000
"""Epochs from which their axis is logarithmic."""
_WIDE = 5.0  # ratio of losses from which theirs is
_MANY = 12  # members from which single lines are left out
_NAMES = {
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "huber": "Huber loss",
    "quantile": "quantile loss",
    "gaussian": "negative log-likelihood",
    "mixture": "negative log-likelihood",
    "cross-entropy": "cross entropy",
    "balanced": "cross entropy, classes balanced",
    "hinge": "hinge loss",
}


def loss_name(kept: HistoryRecord) -> str:
    """Return the loss as a reader knows it."""
    return _NAMES.get(kept.loss, kept.loss)


def history_plot(model: ModelRecord, kept: HistoryRecord, number: int) -> Plot:
    """Return the figure of one model's training."""
    name, held = short(model.name, 40), _is_held(kept)
    sound = [each for each in kept.members if not each.failed]
    rows = (
        "rows fitted to (mean over the epoch, while they are passed) and rows held out"
        if held
        else "rows fitted to"
    )
    return Plot(
        name=f"history-{number}",
        title=f"Training, {name}",
        caption=(
            f"{loss_name(kept).capitalize()} of {rows}. Line and band: median and range of the members, as far as all "
            "of them are still trained; thin, each member. Points: the epochs whose parameters are kept."
            + (" Dashed: rows fitted to." if held and len(groups(kept)) > 1 else "")
            + (
                " Dotted: members that failed."
                if len(sound) < len(kept.members) and len(groups(kept)) < 2
                else ""
            )
        ),
        alt=_spoken(kept, sound),
        size=(7.6, 3.6),
        draw=lambda figure: _draw(figure, kept),
        header=("member", "rows", "epoch", "loss", "kept"),
        rows=[
            (m + 1, part, epoch, loss, epoch == each.epoch)
            for m, each in enumerate(kept.members)
            for part, curve in _curves(each).items()
            for epoch, loss in zip(kept.epochs, curve, strict=True)
            if loss is not None
        ],
    )


def _spoken(kept: HistoryRecord, sound: Sequence[MemberHistory]) -> str:
    losses = sorted(each.kept for each in sound if each.kept is not None)
    text = f"Losses of {len(kept.members)} {noun(len(kept.members), 'member')} over {kept.epochs[-1]} epochs"
    return f"{text}; at the epochs kept {losses[0]:.3g} to {losses[-1]:.3g}." if losses else f"{text}."


def _curves(member: MemberHistory) -> dict[str, tuple[float | None, ...]]:
    found = {"fitted to": member.train}
    return found if member.validation is None else found | {"held out": member.validation}


def _is_held(kept: HistoryRecord) -> bool:
    return any(each.validation is not None for each in kept.members)


def groups(kept: HistoryRecord) -> dict[str, list[MemberHistory]]:
    """Return the members that are sound by the settings in which they differ; all in one where these are many."""
    found: dict[str, list[MemberHistory]] = {}
    for each in kept.members:
        if not each.failed:
            found.setdefault(", ".join(f"{k} = {_word(v)}" for k, v in each.params.items()), []).append(each)
    if len(found) <= MOST_GROUPS:
        return found
    return {"": [each for members in found.values() for each in members]}


def _word(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _draw(figure: Any, kept: HistoryRecord) -> None:
    axes = figure.subplots()
    grid(axes)
    every = groups(kept)
    for k, (label, members) in enumerate(every.items()):
        _draw_group(axes, kept, members, _hues(k, len(every)), label)
    for m in kept.members if len(every) < 2 else ():
        if m.failed:
            axes.plot(kept.epochs, numbers(m.train), color=BLUE, linewidth=0.6, linestyle=":", label=None)
    axes.set_xlabel("epoch")
    axes.set_ylabel(short(loss_name(kept), 34))
    _scale(axes, kept)
    if every and (len(every) > 1 or _is_held(kept)):
        axes.legend(loc="best")


def _hues(k: int, n: int) -> Mapping[str, str]:
    """Return the colours of rows fitted to and held out: two of one group, else one a group."""
    return (
        {"fitted to": BLUE, "held out": VERMILLION}
        if n < 2
        else dict.fromkeys(("fitted to", "held out"), colour(k))
    )


def _draw_group(
    axes: Any, kept: HistoryRecord, members: Sequence[MemberHistory], hues: Mapping[str, str], label: str
) -> None:
    parts = tuple(_curves(members[0]))
    for part in parts:
        lines = np.array([numbers(_curves(each)[part]) for each in members])
        last = part == parts[-1]
        said = label if last else None
        _draw_lines(
            axes,
            numbers(kept.epochs),
            lines,
            hues[part],
            said if label else part,
            dashed=bool(label) and not last,
        )
    at = [(each.epoch, each.kept) for each in members if each.epoch is not None and each.kept is not None]
    if at:
        x, y = zip(*at, strict=True)
        axes.plot(x, y, "o", color=hues[parts[-1]], markerfacecolor=PAPER, markersize=4.5, zorder=5)


def _draw_lines(axes: Any, epochs: Array, lines: Array, hue: str, label: str | None, *, dashed: bool) -> None:
    style = {"color": hue, "linestyle": "--" if dashed else "-"}
    whole = ~np.isnan(lines).any(axis=0)
    if len(lines) > 1:
        low, high = lines[:, whole].min(axis=0), lines[:, whole].max(axis=0)
        axes.fill_between(epochs[whole], low, high, color=hue, alpha=0.14, linewidth=0)
        for line in lines if len(lines) < _MANY else ():
            axes.plot(epochs, line, linewidth=0.5, alpha=0.55, **style)
    axes.plot(epochs[whole], np.median(lines[:, whole], axis=0), linewidth=1.5, label=label, **style)


def _scale(axes: Any, kept: HistoryRecord) -> None:
    """Take logarithmic axes for long trainings and for losses of several decades; leave what diverged outside."""
    sound = [each for each in kept.members if not each.failed] or kept.members
    losses = np.concatenate([numbers(curve) for each in sound for curve in _curves(each).values()])
    losses = losses[np.isfinite(losses)]
    if len(losses) and losses.min() > 0 and losses.max() > _WIDE * losses.min():
        _logarithmic(axes, losses.min() / 1.15, losses.max() * 1.15)
    elif (ends := frame(losses.tolist())) is not None:
        axes.set_ylim(*ends)
    if kept.epochs[-1] >= LONG:
        axes.set_xscale("log")
        decades(axes.xaxis)


def _logarithmic(axes: Any, low: float, high: float) -> None:
    """Take a logarithmic axis of losses, labelled 1, 2 and 5 where it spans few decades."""
    axes.set_yscale("log")
    decades(axes.yaxis)
    if high < 1e3 * low:
        places = [digit * 10.0**power for power in _powers(low, high) for digit in (1, 2, 5)]
        axes.set_yticks([each for each in places if low <= each <= high])
    axes.set_ylim(low, high)


def _powers(low: float, high: float) -> range:
    """Return the powers of ten about an axis.

    >>> list(_powers(0.13, 2.0))
    [-1, 0]
    """
    return range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
