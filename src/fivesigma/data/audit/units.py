"""A unit that changed from one file to the next: a power of ten, or the h of a cosmology."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.audit.audited import FEWEST_TO_JUDGE, Audited, listed
from fivesigma.data.audit.identifiers import FILE
from fivesigma.risk.findings import Audit
from fivesigma.risk.two_samples import two_numbers

Floats = NDArray[np.float64]

LITTLE_H = (0.65, 0.75)
UNLIKELY = 1e-6
"""p of one distribution below which two files are held to differ in a column."""
NEAR_TEN, NEAR_H = 0.08, 0.004
"""How far, in decades, quantiles may stray from a power of ten, and from one factor near h."""
QUANTILES = np.linspace(0.1, 0.9, 9)
MOST = 5000


def shifted(audited: Audited) -> Sequence[Audit]:
    """Name columns that one file holds in another unit than the first, by the ratio of its quantiles."""
    found: dict[str, list[str]] = {}
    first, others = _parts(audited)
    for where, rows in others:
        for j, name in enumerate(audited.data.names):
            factor = factor_between(audited.data.X[first, j], audited.data.X[rows, j])
            if factor is not None and name not in audited.data.categories:
                found.setdefault(name, []).append(f"{where} by {factor}")
    if not found:
        return ()
    words = [f"{name} ({', '.join(each)})" for name, each in found.items()]
    message = f"a column has another unit than in the first file: {listed(words)}"
    advice = "bring the files to one unit, or leave one of them out"
    return [Audit("units", "warning", message, tuple(found), advice=advice)]


def _parts(audited: Audited) -> tuple[NDArray[np.int64], list[tuple[str, NDArray[np.int64]]]]:
    """Return the rows of the first file, or of training, and those of the other files and of given tests."""
    file = audited.data.extras.get(FILE)
    split = audited.split
    train = np.arange(audited.data.n_samples) if split is None else split.train
    tests = list(split.tests.items()) if split is not None and split.given else []
    numbers = np.unique(file[train]) if file is not None else np.zeros(1)
    if file is None or len(numbers) < 2:
        return train, tests
    of_file = [(f"file {int(number) + 1}", train[file[train] == number]) for number in numbers]
    return of_file[0][1], [*of_file[1:], *tests]


def factor_between(a: Floats, b: Floats) -> str | None:
    """Return the factor in words by which ``b`` is in another unit than ``a``; None where it is not.

    >>> x = np.random.default_rng(0).lognormal(size=2000)
    >>> factor_between(x[:1000], 1000 * x[1000:]), factor_between(x[:1000], x[1000:])
    ('1000', None)
    """
    a, b = (_sized(each) for each in (a, b))
    if min(len(a), len(b)) < FEWEST_TO_JUDGE or len(np.unique(a)) < FEWEST_TO_JUDGE:
        return None
    decades = np.log10(np.quantile(b, QUANTILES)) - np.log10(np.quantile(a, QUANTILES))
    middle, spread = float(np.median(decades)), float(np.ptp(decades))
    noise = _noise(a, b)
    for word, exponent, near in _factors(middle, noise):
        steady = abs(middle - exponent) <= near and spread <= 3 * near + 6 * noise
        if steady and _differ(a, b) and _same(a, b / 10**exponent):
            return word
    return None


def _sized(values: Floats) -> Floats:
    """Return the sizes of some values that are there and are not zero."""
    present = np.abs(values[~np.isnan(values)])
    present = present[present > 0]
    return present[:: max(len(present) // MOST, 1)]


def _factors(middle: float, noise: float) -> Iterator[tuple[str, float, float]]:
    """Yield the factors that a ratio may be, with how near it must come: powers of ten, h and 1/h."""
    power = int(np.round(middle))
    if power:
        yield (f"{10.0**power:g}", float(power), NEAR_TEN)
    h, more = 10 ** -abs(middle), 10 ** min(2 * noise, 0.02)
    if LITTLE_H[0] / more <= h <= LITTLE_H[1] * more:
        yield (f"{'h' if middle < 0 else '1/h'}, h = {h:.2f}", middle, NEAR_H)


def _noise(a: Floats, b: Floats) -> float:
    """Return the standard error, in decades, of the ratio of two medians."""
    return float(np.hypot(*(1.25 * np.log10(each).std() / np.sqrt(len(each)) for each in (a, b))))


def _p(a: Floats, b: Floats) -> float:
    return two_numbers(a, b, sizes=(float(len(a)), float(len(b))), w=(np.ones(len(a)), np.ones(len(b)))).p


def _differ(a: Floats, b: Floats) -> bool:
    return _p(a, b) < UNLIKELY


def _same(a: Floats, b: Floats) -> bool:
    """Whether one distribution, or nearly one, is left once the unit is taken back."""
    return _p(a, b) > 1e-3 or abs(_overlap(a, b)) < 0.1


def _overlap(a: Floats, b: Floats) -> float:
    return two_numbers(
        a, b, sizes=(float(len(a)), float(len(b))), w=(np.ones(len(a)), np.ones(len(b)))
    ).statistic
