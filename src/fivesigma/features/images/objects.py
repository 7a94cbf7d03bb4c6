"""What a catalogue of galaxies holds: moments, concentration, asymmetry, Gini's coefficient, M20, rings and peaks.

All are measured on the image less its sky, the median of the border, so that an offset of the values changes nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np

from fivesigma.features.images import kernels
from fivesigma.features.images.family import Column, Family, Floats, Images, Shape
from fivesigma.features.images.sky import border

FRACTIONS = (0.2, 0.5, 0.8)
STEP = 0.5
"""Width of the rings of a curve of growth, in pixels."""
SIGNIFICANT = 5.0
"""Height of a peak over the noise of the smoothed image."""


def less_sky(images: Images) -> tuple[Images, Floats]:
    """Return images less the median of their border, in one piece of memory, and the noise there."""
    level, noise = border(images)
    return np.ascontiguousarray(images - level[:, None, None]), noise


def _moments(images: Images) -> Floats:
    found = np.empty((len(images), 8))
    kernels.moments(images, found)
    return found


def centres_of(images: Images) -> Floats:
    """Return where the light lies (n, 2), x before y; the middle of the image where no window settles."""
    middle = (np.array(images.shape[:0:-1]) - 1) / 2
    at = _moments(images)[:, 2:4]
    return np.ascontiguousarray(np.where(np.isfinite(at), at, middle))


class _OfObjects(Family):
    """A family that needs two dimensions, and a border around the object."""

    flat: ClassVar[bool] = False
    least: ClassVar[int] = 5


class Moments(_OfObjects):
    """Flux, place, size and shape under a round Gaussian window that is fitted to the light.

    The window's width and centre are those at which the moments under it reproduce it: width² = Q_xx + Q_yy, as in
    Bernstein & Jarvis (2002, AJ 123 583) for a round weight. ``e1 = (Q_xx − Q_yy)/(Q_xx + Q_yy)``, ``e2 = 2Q_xy/(…)``,
    ellipticity ``|e|``; the kurtosis ``⟨r⁴⟩/width⁴`` is 2 for a Gaussian and larger for a peak with wings (their ρ₄).

    Examples
    --------
    >>> r2 = np.square(np.arange(21) - 10)[:, None] + np.square(np.arange(21) - 10)
    >>> Moments().measured(np.exp(-r2 / 8)[None])[0, [4, 7, 8]].round(3)  # size, ellipticity, kurtosis
    array([2., 0., 2.])
    """

    name: ClassVar[str] = "moments"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return flux, the light of a Gaussian in the window, place from the middle, size, ellipticity, kurtosis."""
        bright = (Column("flux", "brightness"), Column("window flux", "brightness"))
        lengths = tuple(Column(name, "length") for name in ("x", "y", "size"))
        return (*bright, *lengths, *(Column(name) for name in ("e1", "e2", "ellipticity", "kurtosis")))

    def measured(self, images: Images) -> Floats:
        """Return the columns (n, 9)."""
        found = _moments(less_sky(images)[0])
        middle = (np.array(images.shape[:0:-1]) - 1) / 2
        e = np.hypot(found[:, 5], found[:, 6])
        place = found[:, 2:4] - middle
        return np.column_stack([found[:, :2], place, found[:, 4:7], e, found[:, 7]])


def rings_of(images: Images, centres: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Return light and area (n, k) of the rings between ``edges`` (k + 1,)."""
    light, area = np.zeros((2, len(images), len(edges) - 1))
    kernels.rings(images, centres, edges, light, area)
    return light, area


def _growth(images: Images, centres: Floats) -> tuple[Floats, Floats]:
    """Return radii (k + 1,) and the light within them (n, k + 1)."""
    edges = np.arange(0, min(images.shape[1:]) // 2 + STEP, STEP)
    light, _ = rings_of(images, centres, edges)
    return edges, np.concatenate([np.zeros((len(images), 1)), np.cumsum(light, axis=1)], axis=1)


def _radii(images: Images, centres: Floats) -> Floats:
    """Return the radii (n, 3) that hold `FRACTIONS` of the light in the widest circle; NaN where there is none."""
    edges, grown = _growth(images, centres)
    found = np.full((len(images), len(FRACTIONS)), np.nan)
    for j, fraction in enumerate(FRACTIONS):
        wanted = fraction * grown[:, -1]
        k = np.argmax(grown >= wanted[:, None], axis=1)
        rows = np.flatnonzero((grown[:, -1] > 0) & (k > 0))
        low, high = grown[rows, k[rows] - 1], grown[rows, k[rows]]
        found[rows, j] = edges[k[rows] - 1] + STEP * (wanted[rows] - low) / (high - low)
    return found


class Concentration(_OfObjects):
    """``C = 5 lg(r80/r20)``, with the radii around the centre of light that hold a fifth, a half, four fifths of it.

    Conselice (2003, ApJS 147 1), with the light in the widest circle on the image in place of 1.5 Petrosian radii.

    Examples
    --------
    >>> r2 = np.square(np.arange(41) - 20)[:, None] + np.square(np.arange(41) - 20)
    >>> Concentration().measured(np.exp(-r2 / 32)[None]).round(1)
    array([[2.7, 4.7, 7.2, 2.1]])
    """

    name: ClassVar[str] = "concentration"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return the radii and their ratio."""
        return (*(Column(f"r{round(100 * each)}", "length") for each in FRACTIONS), Column("concentration"))

    def measured(self, images: Images) -> Floats:
        """Return the columns (n, 4)."""
        images, _ = less_sky(images)
        r = _radii(images, centres_of(images))
        return np.column_stack([r, 5 * np.log10(r[:, 2] / r[:, 0])])


def _reach(images: Images, centres: Floats) -> Floats:
    """Return the radius (n,) inside which structure is measured: twice r50, from 3 pixels to half the image."""
    widest = min(images.shape[1:]) / 2
    return np.clip(np.nan_to_num(2 * _radii(images, centres)[:, 1], nan=widest), min(3.0, widest), widest)


class Asymmetry(_OfObjects):
    """``A = (Σ|I − I₁₈₀| − noise) / 2Σ|I|`` within 2 r50: how an image differs from itself turned by 180°.

    Conselice (2003, ApJS 147 1); noise alone makes ``n 2σ/√π``, σ from the border. The turn is about the nearest
    half pixel, so that no value is interpolated.

    Examples
    --------
    >>> r2 = np.square(np.arange(21) - 10)[:, None] + np.square(np.arange(21) - 10)
    >>> abs(Asymmetry().measured(np.exp(-r2 / 8)[None]).round(5))
    array([[0.]])
    """

    name: ClassVar[str] = "asymmetry"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return one."""
        return (Column("asymmetry"),)

    def measured(self, images: Images) -> Floats:
        """Return the column (n, 1)."""
        images, noise = less_sky(images)
        centres, found = centres_of(images), np.empty(len(images))
        kernels.turned(images, centres, _reach(images, centres), noise, found)
        return found[:, None]


class Inequality(_OfObjects):
    """A part of Lotz, Primack & Madau (2004, AJ 128 163), eqs 6 and 8, within 2 r50."""

    def _both(self, images: Images) -> Floats:
        images, _ = less_sky(images)
        centres, found = centres_of(images), np.empty((len(images), 2))
        kernels.inequality(images, centres, _reach(images, centres), found)
        return found


class Gini(Inequality):
    """How unequally the pixels within 2 r50 share the light: 0 all alike, 1 one has all (Lotz et al. 2004, eq. 6).

    Examples
    --------
    >>> Gini().columns((8, 8))[0].name
    'gini'
    """

    name: ClassVar[str] = "gini"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return one."""
        return (Column("gini"),)

    def measured(self, images: Images) -> Floats:
        """Return the column (n, 1)."""
        return self._both(images)[:, :1]


class M20(Inequality):
    """``lg`` of the share that the brightest fifth of the light within 2 r50 has in ``Σ I r²`` (Lotz et al., eq. 8).

    Examples
    --------
    >>> M20().columns((8, 8))[0].name
    'm20'
    """

    name: ClassVar[str] = "m20"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return one."""
        return (Column("m20"),)

    def measured(self, images: Images) -> Floats:
        """Return the column (n, 1)."""
        return self._both(images)[:, 1:]


RADII = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0)


class Profile(_OfObjects):
    """Mean brightness in rings around the centre of light, and the light that they hold together.

    Examples
    --------
    >>> [each.name for each in Profile().columns((8, 8))]
    ['I(0–1)', 'I(1–2)', 'I(2–3)', 'I(3–4)', 'flux(r<1)', 'flux(r<2)', 'flux(r<3)', 'flux(r<4)']
    """

    name: ClassVar[str] = "profile"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return two columns a ring."""
        edges = [f"{each:g}" for each in _edges(shape)]
        means = (f"I({low}–{high})" for low, high in pairwise(edges))
        return tuple(Column(name, "brightness") for name in (*means, *(f"flux(r<{r})" for r in edges[1:])))

    def measured(self, images: Images) -> Floats:
        """Return the columns (n, 2 k)."""
        images, _ = less_sky(images)
        centres, edges = centres_of(images), _edges((images.shape[1], images.shape[2]))
        light, area = rings_of(images, centres, edges)
        return np.concatenate([light / np.maximum(area, 1 / 9), np.cumsum(light, axis=1)], axis=1)


def _edges(shape: Shape) -> Floats:
    """Return the radii between rings: those on the image."""
    return np.array([each for each in RADII if each <= max(min(shape) / 2, 1.0)])


class Peaks(_OfObjects):
    """Peaks of the image smoothed by (1, 2, 1)/4 along both axes, at least 5σ of its noise high.

    A height is 0 where there is no such peak, and so is the distance.

    Examples
    --------
    >>> image = np.zeros((9, 9))
    >>> image[2, 2], image[6, 5] = 16.0, 8.0
    >>> Peaks().measured(image[None])
    array([[2., 4., 2., 5.]])
    """

    name: ClassVar[str] = "peaks"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return their number, the heights of the two highest, and how far these are apart."""
        heights = (Column("first peak", "brightness"), Column("second peak", "brightness"))
        return (Column("peaks"), *heights, Column("peaks apart", "length"))

    def measured(self, images: Images) -> Floats:
        """Return the columns (n, 4)."""
        images, noise = less_sky(images)
        wide = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
        along = (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4
        smooth = np.ascontiguousarray((along[:, :, :-2] + 2 * along[:, :, 1:-1] + along[:, :, 2:]) / 4)
        found = np.empty((len(images), 4))
        kernels.maxima(smooth, SIGNIFICANT * 3 / 8 * noise, found)  # Σ of the squared weights: (3/8)²
        return found


THRESHOLDS = (-1.0, 0.0, 1.0, 2.0, 3.0)


class Minkowski(_OfObjects):
    """Area, boundary and Euler characteristic, each a pixel, of what lies above the mean by −1, 0 … 3 standard
    deviations of the image (Schmalzing & Górski 1998, MNRAS 297 355, for fields on the sky).

    Pixels that touch at a corner hang together; the outside of the image is below every threshold.

    Examples
    --------
    >>> image = np.zeros((4, 4))
    >>> image[1:3, 1:3] = 1.0
    >>> (16 * Minkowski().measured(image[None])[0, 3:6]).round(9)
    array([4., 8., 1.])
    """

    name: ClassVar[str] = "minkowski"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return three columns a threshold."""
        of = ("area", "boundary", "Euler number")
        return tuple(Column(f"{name} above {level:+g}σ") for level in THRESHOLDS for name in of)

    def measured(self, images: Images) -> Floats:
        """Return the columns (n, 15)."""
        mean, deviation = images.mean(axis=(1, 2)), images.std(axis=(1, 2))
        levels = mean[:, None] + np.array(THRESHOLDS) * deviation[:, None]
        found = np.empty((len(images), 3 * len(THRESHOLDS)))
        kernels.functionals(np.ascontiguousarray(images), levels, found)
        return found
