"""Scores of resamples by one walk each over events that are sorted once: compiled loops over multiplicities.

Each takes ``counts`` (b, n), how often an event stands in a resample; ``order`` (n,), the events from the first of the
walk to the last; what is the same for all resamples in that order; and returns one score a resample. Sums run in the
order of the walk, so that a resample has the bits that it has alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import compiled


@compiled
def areas(counts: Any, order: Any, signal: Any, background: Any, ends: Any, tied: bool) -> Any:
    """Return the (b, 3) pairs in order, those of ties by half, and the weights of both sides.

    Parameters
    ----------
    signal, background : (n,) weights from the lowest score up, 0 for events of the other side
    ends : (n,) whether an event is the last of its score
    tied : whether events of both sides have a score in common
    """
    out = np.empty((len(counts), 3))
    for b in range(0, len(counts), 4):  # four at a time: a sum waits for the sum before it
        last = len(counts) - 1
        _four_areas(
            counts, (b, min(b + 1, last), min(b + 2, last), min(b + 3, last)), order, signal, background, out
        )
        if tied:
            for row in range(b, min(b + 4, len(counts))):
                out[row, 0] -= _tied_pairs(counts[row], order, signal, background, ends) / 2
    return out


@compiled
def _four_areas(counts: Any, rows: Any, order: Any, signal: Any, background: Any, out: Any) -> None:
    """Write pairs and weights of four resamples."""
    r0, r1, r2, r3 = rows
    s0 = s1 = s2 = s3 = 0.0
    u0 = u1 = u2 = u3 = 0.0
    p0 = p1 = p2 = p3 = 0.0
    for j in range(len(order)):
        k, s, u = order[j], signal[j], background[j]
        c0, c1, c2, c3 = counts[r0, k], counts[r1, k], counts[r2, k], counts[r3, k]
        u0, u1, u2, u3 = u0 + c0 * u, u1 + c1 * u, u2 + c2 * u, u3 + c3 * u
        s0, s1, s2, s3 = s0 + c0 * s, s1 + c1 * s, s2 + c2 * s, s3 + c3 * s
        p0, p1, p2, p3 = p0 + c0 * s * u0, p1 + c1 * s * u1, p2 + c2 * s * u2, p3 + c3 * s * u3
    out[r0, 0], out[r1, 0], out[r2, 0], out[r3, 0] = p0, p1, p2, p3
    out[r0, 1], out[r1, 1], out[r2, 1], out[r3, 1] = s0, s1, s2, s3
    out[r0, 2], out[r1, 2], out[r2, 2], out[r3, 2] = u0, u1, u2, u3


@compiled
def _tied_pairs(row: Any, order: Any, signal: Any, background: Any, ends: Any) -> float:
    """Return the pairs of one resample whose scores are equal."""
    pairs = own = others = 0.0
    for j in range(len(order)):
        own += row[order[j]] * signal[j]
        others += row[order[j]] * background[j]
        if ends[j]:
            pairs += own * others
            own = others = 0.0
    return pairs


@compiled
def precisions(counts: Any, order: Any, w: Any, member: Any, ends: Any) -> Any:
    """Return the (b,) means over the class of the precision at each member's score; NaN where one side is absent.

    Parameters
    ----------
    w, member : (n,) weights from the highest score down, and whether an event is of the class
    ends : (n,) whether an event is the last of its score
    """
    out = np.empty(len(counts))
    for b in range(len(counts)):
        passed = taken = own = total = 0.0
        others = False
        for j in range(len(order)):
            weight = counts[b, order[j]] * w[j]
            passed += weight
            if member[j]:
                own += weight
            else:
                others = others or weight != 0
            if ends[j] and own != 0:
                taken += own
                total += own * (taken / passed)
                own = 0.0
        out[b] = total / taken if others and taken != 0 else np.nan
    return out


@compiled
def gaps(counts: Any, order: Any, w: Any, excess: Any, ends: Any, n_bins: int) -> Any:
    """Return the (b, 2) sums over bins of equal Σ|w| of ``|Σ w (p - outcome)|``, and Σ w.

    Parameters
    ----------
    w, excess : (n,) weights, and ``w (p - outcome)``, from the lowest p up
    ends : (n,) whether an event is the last of its p
    n_bins : events of equal p stand in the bin of the middle of their cumulative weight
    """
    out, upto, over = np.empty((len(counts), 2)), np.empty(len(order)), np.empty(len(order))
    for b in range(len(counts)):
        reached = so_far = total = 0.0
        for j in range(len(order)):
            c = counts[b, order[j]]
            reached, so_far, total = reached + c * abs(w[j]), so_far + c * excess[j], total + c * w[j]
            upto[j], over[j] = reached, so_far
        out[b, 0], out[b, 1] = _between(upto, over, ends, n_bins), total
    return out


@compiled
def _between(upto: Any, over: Any, ends: Any, n_bins: int) -> float:
    """Return the sum of |differences| of ``over`` between the edges of the bins."""
    total = below = before = over_before = 0.0
    bin_ = 1
    for j in range(len(ends)):
        if not ends[j]:
            continue
        # the group whose weight reaches the edge of a bin, or the last
        while bin_ < n_bins and (upto[j] >= _edge(bin_, n_bins, upto[-1]) or j == len(ends) - 1):
            middle = (upto[j] + before) / 2
            here = over[j] if middle < _edge(bin_, n_bins, upto[-1]) else over_before
            total, below, bin_ = total + abs(here - below), here, bin_ + 1
        before, over_before = upto[j], over[j]
    return float(total + abs(over[-1] - below))


@compiled
def _edge(bin_: int, n_bins: int, total: float) -> float:
    return (bin_ / n_bins - 1e-10) * total


@compiled
def quantiles(counts: Any, order: Any, values: Any, w: Any, levels: Any, step: float) -> Any:
    """Return the (b, m) quantiles of sorted ``values`` (n,) at ``levels`` (m,), as `ordered_quantiles` has them.

    Parameters
    ----------
    w : (n,) weights in the order of the values
    step : half the width of what counts as equal to a level
    """
    out, upto = np.empty((len(counts), len(levels))), np.empty(len(order))
    last = len(order) - 1
    for b in range(len(counts)):
        reached = 0.0
        for j in range(len(order)):
            reached += counts[b, order[j]] * w[j]
            upto[j] = reached
        for m in range(len(levels)):
            low = np.searchsorted(upto, (levels[m] - step) * reached)
            high = np.searchsorted(upto, (levels[m] + step) * reached)
            out[b, m] = (values[min(low, last)] + values[min(high, last)]) / 2 if reached > 0 else np.nan
    return out
