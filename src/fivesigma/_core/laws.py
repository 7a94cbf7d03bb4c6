"""Quantiles and tails of the laws in which evidence is stated, under the names that `scipy.stats` has for them.

They are `scipy.special`'s, with the bits of `scipy.stats`: whose import takes half a CPU second of every check and
every worker, and each call a tenth of a millisecond of checks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.later import special


def norm_cdf(x: Any) -> Any:
    """Return P(X <= x) of the normal law.

    >>> float(norm_cdf(0.0))
    0.5
    """
    return special.ndtr(x)


def norm_sf(x: Any) -> Any:
    """Return P(X > x) of the normal law."""
    return special.ndtr(np.negative(x))


def norm_ppf(q: Any) -> Any:
    """Return the quantiles ``q`` of the normal law."""
    return special.ndtri(q)


def norm_isf(p: Any) -> Any:
    """Return x with P(X > x) = ``p`` of the normal law."""
    return -special.ndtri(p)


def t_ppf(q: Any, df: Any) -> Any:
    """Return the quantiles ``q`` of Student's law of ``df`` degrees of freedom.

    >>> round(float(t_ppf(0.975, 9)), 4), float(t_ppf(0.0, 9))
    (2.2622, -inf)
    """
    return np.where(np.asarray(q) > 0, special.stdtrit(df, q), np.where(np.asarray(df) > 0, -np.inf, np.nan))


def t_sf(t: Any, df: Any) -> Any:
    """Return P(T > ``t``) of Student's law."""
    return special.stdtr(df, np.negative(t))


def t_isf(p: Any, df: Any) -> Any:
    """Return t with P(T > t) = ``p`` of Student's law."""
    return -t_ppf(p, df)


def t_logpdf(t: Any, df: Any) -> Any:
    """Return the logarithm of the density of Student's law.

    >>> round(float(np.exp(t_logpdf(0.0, 1.0)) * np.pi), 12)
    1.0
    """
    normal = -0.5 * (np.square(t) + np.log(2 * np.pi))
    k = np.where(np.isinf(df), 1.0, df)
    peak = np.log(special.poch(0.5 * k, 0.5)) - 0.5 * np.log(k * np.pi)
    return np.where(np.isinf(df), normal, peak - 0.5 * (k + 1.0) * np.log1p(np.square(t) / k))


def chi2_sf(x: Any, df: Any) -> Any:
    """Return P(X > ``x``) of the χ² law of ``df`` degrees of freedom."""
    return special.chdtrc(df, x)


def chi2_ppf(q: Any, df: Any) -> Any:
    """Return the quantiles ``q`` of the χ² law.

    >>> round(float(chi2_ppf(0.5, 2)), 6)
    1.386294
    """
    return 2.0 * special.gammaincinv(np.asarray(df) / 2, q)


def f_sf(x: Any, dfn: Any, dfd: Any) -> Any:
    """Return P(X > ``x``) of Fisher's F law."""
    return special.fdtrc(dfn, dfd, x)


def beta_ppf(q: Any, a: Any, b: Any) -> Any:
    """Return the quantiles ``q`` of the beta law."""
    return special.betaincinv(a, b, q)


def gamma_sf(x: Any, shape: Any, scale: Any = 1.0) -> Any:
    """Return P(X > ``x``) of the gamma law."""
    return special.gammaincc(shape, np.asarray(x) / scale)


def gamma_ppf(q: Any, shape: Any) -> Any:
    """Return the quantiles ``q`` of the gamma law of scale 1."""
    return special.gammaincinv(shape, q)


def gamma_isf(p: Any, shape: Any) -> Any:
    """Return x with P(X > x) = ``p`` of the gamma law of scale 1."""
    return special.gammainccinv(shape, p)


def kolmogorov_sf(x: Any) -> Any:
    """Return P(K > ``x``) of Kolmogorov's limiting law."""
    return special.kolmogorov(x)
