"""Where a phase transition is: from an output against a field to a place in each finite system, and on to infinity.

A classifier that was shown both phases far from a transition changes its mind at some T*(L) of a system of size L;
T*(L) → T_c with T*(L) = T_c + a/L, for a correlation length that diverges as 1/|T − T_c| (Carrasquilla & Melko,
arXiv:1605.01735). Confusion takes T_c from how well any labelling can be learnt: van Nieuwenburg, Liu & Huber,
arXiv:1610.02048.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws

Vector = NDArray[np.float64]

_ONE_SIGMA = 0.8413447460685429  # the normal law below 1
_FEWEST = 2


def crossing(x: Vector, y: Vector, at: float) -> float | None:
    """Return where ``y`` against rising ``x`` crosses ``at``; None where its ends are on one side.

    The straight pieces between the points are above ``at`` on a set of places whose whole length tells it: where noise
    makes the curve cross more than once, it is the middle of these places, and of one crossing it is that one.

    >>> x = np.array([0.0, 1.0, 2.0])
    >>> crossing(x, np.array([1.0, 0.75, 0.25]), 0.5), crossing(x, np.array([0.25, 0.75, 1.0]), 0.5)
    (1.5, 0.5)
    >>> crossing(x, np.array([1.0, 0.9, 0.8]), 0.5) is None
    True
    """
    above = np.asarray(y, float) - at
    falls = bool(above[0] > 0)
    if len(x) < _FEWEST or falls == (above[-1] > 0):
        return None
    left, right, width = above[:-1], above[1:], np.diff(x)
    rise = np.where(left == right, 1.0, right - left)
    part = np.where(left > 0, np.where(right > 0, 1.0, -left / rise), np.where(right > 0, right / rise, 0.0))
    length = float((part * width).sum())
    return float(x[0] + length if falls else x[-1] - length)


def peak(x: Vector, y: Vector) -> float | None:
    """Return where the most prominent peak of ``y`` against ``x`` is, the middle one of a W; None where there is none.

    It is looked for on the smoothed curve: where the lower of the two climbs that lead to it, from the least on either
    side, is the highest. The place is the vertex of a parabola through the points of the upper quarter of that climb:
    further down the slopes of a peak are not alike.

    >>> x = np.linspace(-1.0, 1.0, 21)
    >>> round(peak(x, 1.0 - (x - 0.13) ** 2), 6), peak(x, x) is None, peak(x, x**2) is None
    (0.13, True, True)
    >>> round(peak(np.arange(9.0), np.array([1.0, 0.8, 0.6, 0.7, 0.8, 0.7, 0.6, 0.8, 1.0])), 6)
    4.0
    """
    smooth, side = smoothed(y), _side(y)
    climbs = [
        (smooth[at] - max(smooth[: at + 1].min(), smooth[at:].min()), at) for at in range(1, len(x) - 1)
    ]
    climb, top = max(climbs, default=(0.0, 0))
    if climb <= 0:
        return None
    low, high = _around(smooth > smooth[top] - climb / 4, top)
    return _vertex(x, y, max(min(low, top - side), 0), min(max(high, top + side + 1), len(y)), top)


def _vertex(x: Vector, y: Vector, low: int, high: int, top: int) -> float:
    """Return the vertex of the parabola through the points ``low`` to ``high``; ``x[top]`` where it opens upwards."""
    curve, slope, _ = np.polyfit(x[low:high] - x[top], y[low:high], 2)
    if curve >= 0:
        return float(x[top])
    return float(np.clip(x[top] - slope / (2 * curve), x[low], x[high - 1]))


def smoothed(y: Vector) -> Vector:
    """Return the mean of every value of ``y`` and of its neighbours, in all a seventh of them, three at the least.

    >>> smoothed(np.array([0.0, 3.0, 0.0, 0.0])).tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    side = _side(y)
    padded = np.pad(np.asarray(y, float), side, mode="edge")
    return np.convolve(padded, np.ones(2 * side + 1) / (2 * side + 1), mode="valid")


def _side(y: Vector) -> int:
    """Return how many neighbours on either side smooth a value."""
    return max(len(y) // 14, 1)


def _around(inside: NDArray[np.bool_], at: int) -> tuple[int, int]:
    """Return the ends of the run of true values that holds ``at``."""
    low = high = at
    while low > 0 and inside[low - 1]:
        low -= 1
    while high < len(inside) - 1 and inside[high + 1]:
        high += 1
    return low, high + 1


def peak_with_error(x: Vector, repeats: Vector) -> tuple[float, float | None] | None:
    """Return the peak of the mean of ``repeats`` (n_x, R), and its error; None where the mean has none.

    The error is that of the jackknife over repeats, √((R − 1)/R Σ (θ₍ᵣ₎ − θ̄)²), with the factor of Student's t at R − 1
    degrees of freedom; None where the peak is gone without one of them, or there is only one.

    >>> x = np.linspace(0.0, 4.0, 9)
    >>> W = np.array([1.0, 0.8, 0.6, 0.7, 0.8, 0.7, 0.6, 0.8, 1.0])
    >>> value, error = peak_with_error(x, np.column_stack([W, W]))
    >>> round(value, 6), error
    (2.0, 0.0)
    """
    value, R = peak(x, repeats.mean(axis=1)), repeats.shape[1]
    if value is None:
        return None
    without = [peak(x, np.delete(repeats, r, axis=1).mean(axis=1)) for r in range(R)] if R > 1 else [None]
    known = [each for each in without if each is not None]
    if len(known) < len(without):
        return value, None
    spread = float(np.sqrt((R - 1) * np.var(known)))
    return value, spread * float(laws.t_ppf(_ONE_SIGMA, R - 1))


@dataclass(frozen=True)
class Extrapolation:
    """T*(L) = T_c + a/L: T_c with its error, of which ``stat`` is from the repeats and ``span`` from the sizes.

    ``slope`` is a; ``chi2`` of ``dof`` says whether the line goes through the points.
    """

    value: float
    error: float
    stat: float
    span: float
    slope: float
    chi2: float
    dof: int


def extrapolated(sizes: Sequence[float], points: Sequence[Vector]) -> Extrapolation | None:
    """Extrapolate T*(L) to infinite L; None below two sizes with two repeats each.

    Parameters
    ----------
    sizes : the L, each once
    points : of each, T* in independent repeats: other events, other chains, other seeds

    Notes
    -----
    T_c is that of the line by least squares with weights L² (a transition is as wide as 1/L). T_c is a sum Σ c_L T*(L),
    so its error from the repeats is √(Σ c_L² s_L²/R_L), widened as Student's t asks with the degrees of freedom of
    Welch and Satterthwaite. Without the smallest size, and where there are four without the largest, the line is
    another: by how much T_c moves more than its own noise lets it, is the error of the range of sizes.

    >>> L = [8.0, 16.0, 32.0]
    >>> noise = np.array([-0.01, 0.0, 0.01])
    >>> found = extrapolated(L, [2.0 + 1.0 / each + noise for each in L])
    >>> round(found.value, 6), round(found.slope, 6), found.span
    (2.0, 1.0, 0.0)
    """
    known = [(L, T) for L, T in zip(sizes, points, strict=True) if len(T) >= _FEWEST]
    if len(known) < _FEWEST:
        return None
    L = np.array([each for each, _ in known])
    T, v = np.array([T.mean() for _, T in known]), np.array([T.var(ddof=1) / len(T) for _, T in known])
    c, slope = _coefficients(L, np.ones(len(L), bool))
    value, a = float(c @ T), float(slope @ T)
    dof = _satterthwaite(c**2 * v, np.array([len(each) - 1 for _, each in known]))
    stat = float(np.sqrt(c**2 @ v)) * float(laws.t_ppf(_ONE_SIGMA, dof))
    span = _span(L, T, v, c)
    with np.errstate(divide="ignore", invalid="ignore"):
        chi2 = float(np.nansum((T - value - a / L) ** 2 / v))
    return Extrapolation(value, float(np.hypot(stat, span)), stat, span, a, chi2, len(L) - 2)


def _coefficients(L: Vector, kept: NDArray[np.bool_]) -> tuple[Vector, Vector]:
    """Return c and a's coefficients: T_c = Σ c T and a = Σ a T by least squares with weights L² over those kept."""
    design = np.column_stack([np.ones(len(L)), 1 / L])
    weighted = design.T * np.where(kept, L**2, 0.0)
    both = np.linalg.solve(weighted @ design, weighted)
    return both[0], both[1]


def _satterthwaite(parts: Vector, dofs: Vector) -> float:
    """Return the degrees of freedom of a sum of independent variances."""
    total = parts.sum()
    return float(total**2 / (parts**2 / dofs).sum()) if total > 0 else float(dofs.sum())


def _span(L: Vector, T: Vector, v: Vector, c: Vector) -> float:
    """Return by how much another range of sizes moves T_c beyond the noise of that difference."""
    order = np.argsort(L)
    left_out = [order[0]] * (len(L) > 2) + [order[-1]] * (len(L) > 3)
    found = [0.0]
    for each in left_out:
        d = _coefficients(L, np.arange(len(L)) != each)[0] - c
        found.append(float((d @ T) ** 2 - d**2 @ v))
    return float(np.sqrt(max(found)))
