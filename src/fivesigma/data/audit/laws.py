"""Laws: a target that was computed from at most three columns, by powers, with squares of the logarithms.

Where catalogues are made, one column is often computed from others: the mass of a cluster from its luminosity and
redshift, say. A model then learns the formula, and not the sky. A law is sought among

    log |y|  or  y  =  a + Σ_j (b_j t_j + c_j t_j²),        t_j = log |x_j|, log(1 + x_j) or x_j,

with j in at most three columns, by least absolute deviations, so that a few rows that were mended by hand do not hide
it. It is named where the median residual, on rows that had no say in the fit, is below 0.1 % of the target's spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.audit.audited import Audited
from fivesigma.data.audit.leaks import fixing
from fivesigma.risk.findings import Audit

Floats = NDArray[np.float64]

EXACT = 1e-3
"""Median residual, in units of the target's spread, below which a target was computed."""
PROMISING = 0.1
"""The same after a rough fit, above which a set of columns is given up."""
FEWEST, MOST = 60, 600
"""Rows that a law needs, and rows that it is sought on: half of them to fit, half to judge."""
MOST_COLUMNS = 40
"""Columns of which all triples are tried; of more, those that extend the best pairs."""
KEPT, PAIRS = 12, 30
ROUGH, FINE = 3, 60
"""Rounds of reweighting in the search, and at its end."""
THIN, FEWEST_KEPT = 2, 200
"""Which rows the first look is at, and how many sets it leaves at least."""
MOST_LAWS = 3
FORMS = ("log", "log1p", "linear")
ROUTES = (("log", "log"), ("linear", "log"), ("linear", "linear"))
"""Forms of the target, and those of the columns in the rough search: a power law, a magnitude, a sum."""


def laws(audited: Audited) -> Sequence[Audit]:
    """Name the columns that a target was computed from, with the exponents of the law."""
    if not audited.judged or audited.data.task != "regression":
        return ()
    alone = set(fixing(audited))
    names = [name for name in audited.data.names if name not in alone | set(audited.data.categories)]
    X = audited.X[:, [audited.data.names.index(name) for name in names]]
    found = []
    for target, y in zip(audited.data.targets, audited.outputs, strict=True):
        found += [_entry(target, law, names) for law in search(X, y, dex=audited.data.target_in_dex)]
    return found


@dataclass(frozen=True)
class Law:
    """A law that was found.

    Attributes
    ----------
    columns : places of the columns
    forms : of each, "log", "log1p" or "linear"
    slopes, squares : coefficients of the terms about their medians: of a power law the exponents there
    logarithm : whether of the target the logarithm was taken
    residual : the median residual in units of the spread
    """

    columns: tuple[int, ...]
    forms: tuple[str, ...]
    slopes: tuple[float, ...]
    squares: tuple[float, ...]
    logarithm: bool
    residual: float


def _entry(target: str, law: Law, names: Sequence[str]) -> Audit:
    columns = tuple(names[j] for j in law.columns)
    left = f"log({target})" if law.logarithm else target
    message = (
        f"the target was computed from {' and '.join(columns)}: {left} = {_right(law, columns)} "
        f"(median residual {100 * law.residual:.2g} % of its spread)"
    )
    advice = (
        "leave one of these columns out, or predict what they do not fix; a model would learn the formula"
    )
    return Audit("law", "warning", message, columns, advice=advice)


def _right(law: Law, columns: Sequence[str]) -> str:
    """Return the right side with its exponents at the medians of the columns."""
    terms = []
    for name, form, slope, square in zip(columns, law.forms, law.slopes, law.squares, strict=True):
        word = {"log": f"log({name})", "log1p": f"log(1 + {name})", "linear": name}[form]
        terms.append(f"{slope:.3g} {word}")
        terms += [f"{square:.2g} {word}²"] if abs(square) > 0.01 * abs(slope) else []
    return f"{' + '.join(terms)} + const".replace("+ -", "- ")


def search(X: Floats, y: Floats, *, dex: bool = False) -> list[Law]:
    """Return the laws of fewest columns that ``y`` (n,) follows in the columns of ``X`` (n, p), at most three.

    ``dex`` says that ``y`` is a logarithm already.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.lognormal(size=(500, 4))
    >>> [(law.columns, np.round(law.slopes, 3).tolist()) for law in search(X, 7 * X[:, 1] ** 0.5 / X[:, 3])]
    [((1, 3), [0.5, -1.0])]
    """
    rows, columns = _complete(X)
    if len(rows) < FEWEST:
        return []
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(np.int64)]
    columns = columns[np.ptp(X[np.ix_(some, columns)], axis=0) > 0]
    table = X[np.ix_(some, columns)]
    for of_target, of_columns in ROUTES[1:] if dex else ROUTES:
        values = _formed(y[some], of_target)
        if values is not None and (
            found := _Search(table, values, of_target == "log", of_columns).laws(columns)
        ):
            return found
    return []


def _complete(X: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that have all values of the columns of which at most a tenth is missing, and these."""
    absent = np.isnan(X)
    columns = np.flatnonzero(absent.mean(axis=0) <= 0.1)
    return np.flatnonzero(~absent[:, columns].any(axis=1)), columns


class _Search:
    """The search for one form of the target: rough for all sets of columns, fine for the few that promise."""

    def __init__(self, X: Floats, y: Floats, logarithm: bool, rough: str) -> None:
        self.logarithm, self.rough = logarithm, rough
        self.spread = float(y.std())
        scale = self.spread if self.spread > 0 else 1.0
        self.y = (y - np.median(y)) / scale
        self.X, self.fitted = X, np.arange(len(y)) % 2 == 0
        self.terms = {form: [_term(column, form) for column in X.T] for form in FORMS}

    def laws(self, places: NDArray[np.int64]) -> list[Law]:
        """Return the laws of fewest columns; ``places`` are those of the columns in the whole table."""
        if self.spread == 0:
            return []
        for sets in self._sets():
            fine = [self._fine(each) for each in self._promising(sets)]
            exact = sorted((each for each in fine if each.residual < EXACT), key=lambda each: each.residual)
            if exact:
                return [_placed(each, places) for each in exact[:MOST_LAWS]]
        return []

    def _sets(self) -> Iterator[NDArray[np.int64]]:
        """Yield the sets of one, two and three columns."""
        free = list(range(self.X.shape[1]))
        pairs = np.array(list(combinations(free, 2)), dtype=np.int64).reshape(-1, 2)
        yield np.array(free, dtype=np.int64)[:, None]
        yield pairs
        if len(free) <= MOST_COLUMNS:
            yield np.array(list(combinations(free, 3)), dtype=np.int64).reshape(-1, 3)
            return
        best = pairs[np.argsort(self._rough(pairs), kind="stable")[:PAIRS]]
        triples = {tuple(sorted((*pair, j))) for pair in best.tolist() for j in free if j not in pair}
        yield np.array(sorted(triples), dtype=np.int64).reshape(-1, 3)

    def _promising(self, sets: NDArray[np.int64]) -> list[tuple[int, ...]]:
        if not len(sets):
            return []
        rough = self._rough(sets)
        order = np.argsort(rough, kind="stable")[:KEPT]
        return [tuple(sets[i].tolist()) for i in order if rough[i] < PROMISING]

    def _rough(self, sets: NDArray[np.int64]) -> Floats:
        """Return the median residual of each set (s, k) after some rounds of reweighting, all sets at once.

        Of many sets, infinite where a least-squares fit to some of the rows is not among the best tenth.
        """
        base, y = self._base[:, self.fitted], self.y[self.fitted]
        found = np.full(len(sets), np.inf)
        best = np.argsort(_residuals(base[:, ::THIN], y[::THIN], sets, rounds=1), kind="stable")
        kept = best[: max(FEWEST_KEPT, len(sets) // 10)]
        found[kept] = _residuals(base, y, sets[kept], rounds=ROUGH)
        return found

    @cached_property
    def _base(self) -> Floats:
        return np.stack([self._plain(j) for j in range(self.X.shape[1])])

    def _plain(self, j: int) -> Floats:
        """Return a column in the form of the rough search where it has that, else the column."""
        term = self.terms[self.rough][j]
        return term if term is not None else _known(self.terms["linear"][j])

    def _fine(self, columns: tuple[int, ...]) -> Law:
        """Return the law of some columns in the forms that suit them best."""
        able = [[form for form in self.terms if self.terms[form][j] is not None] for j in columns]
        every = [self._law(columns, forms) for forms in product(*able)]
        return min(every, key=lambda each: each.residual)

    def _law(self, columns: tuple[int, ...], forms: tuple[str, ...]) -> Law:
        t = np.column_stack([_known(self.terms[form][j]) for j, form in zip(columns, forms, strict=True)])
        A = np.column_stack([np.ones(len(t)), t, t**2])
        solved = least_absolute(A[self.fitted], self.y[self.fitted])
        residual = float(np.median(np.abs(self.y - A @ solved)[~self.fitted]))
        k = len(columns)
        scales = [_scale(self.X[:, j], form) for j, form in zip(columns, forms, strict=True)]
        slopes = [float(self.spread * b / s) for b, s in zip(solved[1 : k + 1], scales, strict=True)]
        squares = [float(self.spread * c / s**2) for c, s in zip(solved[k + 1 :], scales, strict=True)]
        return Law(columns, forms, tuple(slopes), tuple(squares), self.logarithm, residual)


def _residuals(base: Floats, y: Floats, sets: NDArray[np.int64], *, rounds: int) -> Floats:
    """Return the median residual of the law of each set, some sets at a time."""
    blocks = np.array_split(sets, 1 + len(sets) // 500)
    return np.concatenate([_residuals_of_block(base, y, block, rounds) for block in blocks])


def _residuals_of_block(base: Floats, y: Floats, sets: NDArray[np.int64], rounds: int) -> Floats:
    t = base[sets].transpose(0, 2, 1)
    A = np.concatenate([np.ones((*t.shape[:2], 1)), t, t**2], axis=2)
    w = np.ones(A.shape[:2])
    for _ in range(rounds):
        weighted = (A * w[..., None]).transpose(0, 2, 1)
        gram = weighted @ A + 1e-9 * len(y) * np.eye(A.shape[2])
        coefficients = np.linalg.solve(gram, (weighted @ y)[..., None])
        residual = np.abs(y - (A @ coefficients)[..., 0])
        w = 1 / np.maximum(residual, 1e-6)
        w /= w.max(axis=1, keepdims=True)
    return np.asarray(np.median(residual, axis=1))


def _placed(law: Law, places: NDArray[np.int64]) -> Law:
    at = tuple(int(places[j]) for j in law.columns)
    return Law(at, law.forms, law.slopes, law.squares, law.logarithm, law.residual)


def _known(term: Floats | None) -> Floats:
    assert term is not None
    return term


def _term(column: Floats, form: str) -> Floats | None:
    """Return a column in a form, about its median in units of its spread; None where it has none."""
    values = _formed(column, form)
    if values is None or np.ptp(values) == 0:
        return None
    return np.asarray((values - np.median(values)) / values.std())


def _formed(column: Floats, form: str) -> Floats | None:
    """Return a column in a form, None where it has none; logarithms are of the size."""
    if form == "linear":
        return column
    if form == "log":
        return np.log(np.abs(column)) if (column != 0).all() else None
    return np.log1p(column) if (column >= 0).all() else None


def _scale(column: Floats, form: str) -> float:
    values = _formed(column, form)
    return float(_known(values).std())


def least_absolute(A: Floats, y: Floats, rounds: int = FINE) -> Floats:
    """Return the coefficients of least absolute deviations, by iteratively reweighted least squares.

    Parameters
    ----------
    A : (n, k) terms
    y : (n,) of spread 1

    References
    ----------
    Schlossmacher (1973), J. Am. Stat. Assoc. 68, 857.

    >>> A = np.column_stack([np.ones(9), np.arange(9.0)])
    >>> y = 2 + 3 * np.arange(9.0)
    >>> y[4] = 100.0
    >>> np.round(least_absolute(A, y), 6).tolist()
    [2.0, 3.0]
    """
    root = np.ones(len(y))
    for _ in range(rounds):
        found = np.linalg.lstsq(A * root[:, None], y * root, rcond=1e-12)[0]
        residual = np.abs(y - A @ found)
        root = 1 / np.sqrt(np.maximum(residual, 1e-9))
        root /= root.max()
    return np.asarray(found)
