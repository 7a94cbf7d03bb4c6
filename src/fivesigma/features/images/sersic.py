"""Sérsic profiles, seen through the point-spread function, fitted to images by least squares.

What a physicist does: the model of the image is a sum of profiles (Sérsic 1968; Graham & Driver 2005, PASA 22 118)
convolved with the PSF, on a level sky; χ² with the noise of the border is minimised by Levenberg's and Marquardt's
method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from fivesigma._core.errors import InputError
from fivesigma.features.images import kernels
from fivesigma.features.images.family import Column, Family, Floats, Images, Modelled, Shape
from fivesigma.features.images.psf import Psf
from fivesigma.features.images.sersic_kernel import N_PARAMETERS, NODES, profiles
from fivesigma.features.images.sky import border

Array = NDArray[Any]
BATCH = 32
"""Images that are fitted side by side."""
N_STEPS = 40
DONE = 1e-2
"""A step that lowers χ² by less than this is the last."""
_LN_R, _LN_N, _SHEAR = (math.log(0.2), math.log(100.0)), (math.log(0.3), math.log(8.0)), 0.8
"""Where a fit may go."""


@dataclass(frozen=True)
class SersicFit(Family):
    """A χ² fit of one Sérsic profile, or of two, behind a point-spread function that is known.

    Parameters
    ----------
    fwhm : of the PSF, in pixels
    beta : of a Moffat PSF; None for a Gaussian
    profiles : 1, or 2 that are fitted jointly; the first is that nearest to the middle of the image

    Raises
    ------
    InputError
        For another number of profiles, or a PSF that is none.

    Examples
    --------
    >>> [each.name for each in SersicFit().columns((8, 8))][:4]
    ['fit ln flux', 'fit ln R_e', 'fit ln n', 'fit x']
    """

    name: ClassVar[str] = "sersic"
    flat: ClassVar[bool] = False
    least: ClassVar[int] = 12

    fwhm: float = 3.0
    beta: float | None = 3.5
    profiles: int = 1

    def __post_init__(self) -> None:
        Psf(self.fwhm, self.beta)
        if self.profiles not in (1, 2):
            raise InputError(f"sersic: profiles = {self.profiles!r} is not in this version; expected 1 or 2.")

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return the parameters of each profile with the errors of ln flux and ln n, and χ² a degree of freedom."""
        of = [
            ("ln flux", "number"),
            ("ln R_e", "number"),
            ("ln n", "number"),
            ("x", "length"),
            ("y", "length"),
        ]
        of += [("axis ratio", "number"), ("error of ln flux", "number"), ("error of ln n", "number")]
        which = [""] if self.profiles == 1 else [f" {k}" for k in (1, 2)]
        every = [Column(f"fit {name}{k}", unit) for k in which for name, unit in of]  # type: ignore[arg-type]
        return (*every, Column("fit χ²/dof"))

    def measured(self, images: Images) -> Floats:
        """Return the columns (n, 8 k + 1); NaN where no fit has a finite χ²."""
        pieces = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        found = [self._fitted(piece) for piece in pieces]
        return np.concatenate(found) if found else np.empty((0, 8 * self.profiles + 1))

    def modelled(self, images: Images) -> Modelled:
        """Return the profiles that are fitted, seen through the PSF; the first is that nearest to the middle."""
        fit, level, scale = self._fit(images)
        parts, sky = fit.model(), fit.parameters[:, -1]
        whole = (parts.sum(axis=1) + sky[:, None, None]) * scale + level
        first = parts[np.arange(len(parts)), self._nearest(fit, images.shape)[:, 0]] * scale
        unfitted = ~np.isfinite(fit.chi2)
        whole[unfitted], first[unfitted] = np.nan, np.nan
        return Modelled(whole, first, np.where(unfitted, np.nan, fit.chi2 / _dof(fit, images.shape)))

    def _fitted(self, images: Images) -> Floats:
        fit, _, scale = self._fit(images)
        return self._told(fit, np.log(scale[:, 0, 0]), images.shape)

    def _fit(self, images: Images) -> tuple[Fit, Floats, Floats]:
        """Fit a batch; images are scaled to noise one, so that no unit has a say: level and scale (n, 1, 1) beside."""
        level, noise = border(images)
        spread = np.abs(images - level[:, None, None]).max(axis=(1, 2))
        scale = np.where(noise > 1e-9 * spread, noise, 1e-3 * spread)
        level, scale = level[:, None, None], np.where(scale > 0, scale, 1.0)[:, None, None]
        scaled = (images - level) / scale
        fit = Fit(scaled, Psf(self.fwhm, self.beta))
        fit.run(start_of_one(scaled))
        if self.profiles == 2:
            fit.run(fit.with_another())
        return fit, level, scale

    def _nearest(self, fit: Fit, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """Return the profiles of each image (n, k), that nearest to its middle first."""
        at = fit.parameters[:, :-1].reshape(len(fit.parameters), self.profiles, N_PARAMETERS)[:, :, 3:5]
        return np.argsort(np.hypot(*(at - _middle(shape)).transpose(2, 0, 1)), axis=1)

    def _told(self, fit: Fit, log_scale: Floats, shape: tuple[int, ...]) -> Floats:
        p, error = fit.parameters[:, :-1], fit.errors()
        p = p.reshape(len(p), self.profiles, N_PARAMETERS)
        error = error[:, :-1].reshape(p.shape)
        middle = _middle(shape)
        if self.profiles == 2:
            near = self._nearest(fit, shape)
            p, error = (np.take_along_axis(each, near[:, :, None], axis=1) for each in (p, error))
        shear = np.hypot(p[..., 5], p[..., 6])
        columns = [
            p[..., 0] + log_scale[:, None],
            p[..., 1],
            p[..., 2],
            *np.moveaxis(p[..., 3:5] - middle, 2, 0),
        ]
        columns += [(1 - shear) / (1 + shear), error[..., 0], error[..., 2]]
        table = np.stack(columns, axis=2).reshape(len(p), -1)
        found = np.column_stack([table, fit.chi2 / _dof(fit, shape)])
        found[~np.isfinite(fit.chi2)] = np.nan
        return found


def _middle(shape: tuple[int, ...]) -> Floats:
    return (np.array([shape[2], shape[1]]) - 1) / 2


def _dof(fit: Fit, shape: tuple[int, ...]) -> int:
    return int(shape[1] * shape[2] - fit.parameters.shape[1])


def start_of_one(images: Images) -> Floats:
    """Return parameters (n, 8) from which a profile and a sky are fitted: those of the light's moments."""
    found = np.empty((len(images), 8))
    kernels.moments(np.ascontiguousarray(images), found)
    middle = (np.array(images.shape[:0:-1]) - 1) / 2
    flux = np.where(found[:, 1] > 0, found[:, 1], np.maximum(found[:, 0], 1.0))
    start = np.zeros((len(images), N_PARAMETERS + 1))
    start[:, 0] = np.log(np.maximum(flux, 1.0))
    start[:, 1] = np.log(np.maximum(np.nan_to_num(found[:, 4], nan=2.0), 1.0))
    start[:, 2] = math.log(1.5)
    start[:, 3:5] = np.where(np.isfinite(found[:, 2:4]), found[:, 2:4], middle)
    start[:, 5:7] = np.nan_to_num(found[:, 5:7]).clip(-0.4, 0.4) / 2
    return start


class Fit:
    """The least squares of a batch of images of noise one, all at once, each with a damping of its own."""

    def __init__(self, images: Images, psf: Psf) -> None:
        self.images = images
        self.size = fft.next_fast_len(max(images.shape[1:]) + 2 * math.ceil(1.5 * psf.fwhm), real=True)
        self.psf = psf.kernel(self.size)
        self.parameters = np.empty((len(images), 0))
        self.chi2 = np.full(len(images), np.inf)
        self.hessian = np.empty((len(images), 0, 0))

    def run(self, start: Floats) -> None:
        """Minimise χ² from ``start`` (n, 7 k + 1), the sky last; what a start has that is better so far is kept."""
        p = _inside(start, self.images.shape)
        n, width = p.shape
        chi2, gradient, hessian = self._at(p, np.arange(n))
        damping, active = np.full(n, 1e-2), np.isfinite(chi2)
        for _ in range(N_STEPS):
            rows = np.flatnonzero(active)
            if not len(rows):
                break
            diagonal = np.einsum("ijj->ij", hessian[rows])
            damped = hessian[rows] + (damping[rows, None] * diagonal + 1e-9)[:, :, None] * np.eye(width)
            tried = _inside(
                p[rows] - np.linalg.solve(damped, gradient[rows][:, :, None])[:, :, 0], self.images.shape
            )
            new, slope, curvature = self._at(tried, rows)
            better = new < chi2[rows]
            gain = chi2[rows] - new
            kept = rows[better]
            p[kept], chi2[kept] = tried[better], new[better]
            gradient[kept], hessian[kept] = slope[better], curvature[better]
            damping[rows] = np.where(better, damping[rows] / 5, damping[rows] * 4)
            active[rows[better & (gain < DONE)]] = False
            active[rows[~better & (damping[rows] > 1e4)]] = False
        self.parameters, self.chi2, self.hessian = p, chi2, hessian

    def _at(self, p: Floats, rows: Array) -> tuple[Floats, Floats, Floats]:
        """Return χ² (n,), half its gradient (n, p) and half its curvature (n, p, p), of the images ``rows``."""
        height, width = self.images.shape[1:]
        seen = self._seen(p).reshape(len(p), -1, N_PARAMETERS, height * width)
        model = seen[:, :, 0].sum(axis=1) + p[:, -1:]
        J = np.concatenate(
            [seen.reshape(len(p), -1, height * width), np.ones((len(p), 1, height * width))], axis=1
        )
        residual = model - self.images[rows].reshape(len(rows), -1)
        chi2 = np.square(residual).sum(axis=1)
        gradient = np.matmul(J, residual[:, :, None])[:, :, 0]
        hessian = np.matmul(J, J.transpose(0, 2, 1))
        sound = np.isfinite(chi2) & np.isfinite(hessian).all(axis=(1, 2))
        return np.where(sound, chi2, np.inf), np.nan_to_num(gradient), np.nan_to_num(hessian)

    def _seen(self, p: Floats) -> Floats:
        """Return profiles and their derivatives (n k, 7, height, width) behind the PSF."""
        height, width = self.images.shape[1:]
        each = np.ascontiguousarray(p[:, :-1].reshape(-1, N_PARAMETERS))
        raw = np.empty((len(each), N_PARAMETERS, height, width))
        profiles(each, raw, NODES)
        size = (self.size, self.size)
        seen = fft.irfft2(fft.rfft2(raw, s=size) * self.psf, s=size, overwrite_x=True)
        return np.asarray(seen[..., :height, :width])

    def model(self) -> Floats:
        """Return the profiles (n, k, height, width) that were fitted, behind the PSF."""
        p = self.parameters
        return self._seen(p)[:, 0].reshape(len(p), -1, *self.images.shape[1:])

    def errors(self) -> Floats:
        """Return the standard error (n, p) of each parameter, by the curvature of χ² in units of the noise."""
        inverse = np.linalg.pinv(self.hessian, hermitian=True)
        return np.asarray(np.sqrt(np.maximum(np.einsum("ijj->ij", inverse), 0.0)))

    def with_another(self) -> Floats:
        """Return a start with a second profile: where the residual of the first, smoothed, is brightest."""
        height, width = self.images.shape[1:]
        raw = np.empty((len(self.images), N_PARAMETERS, height, width))
        profiles(np.ascontiguousarray(self.parameters[:, :-1]), raw, NODES)
        model = fft.irfft2(
            fft.rfft2(raw[:, 0], s=(self.size, self.size)) * self.psf, s=(self.size, self.size)
        )
        rest = self.images - model[:, :height, :width] - self.parameters[:, -1][:, None, None]
        smooth = fft.irfft2(fft.rfft2(rest, s=(self.size, self.size)) * self.psf, s=(self.size, self.size))
        smooth = smooth[:, :height, :width]
        at = smooth.reshape(len(rest), -1).argmax(axis=1)
        second = self.parameters[:, :-1].copy()
        second[:, 3], second[:, 4] = at % width, at // width
        second[:, 0] -= math.log(3.0)
        second[:, 1:3] = math.log(2.5), math.log(1.5)
        second[:, 5:] = 0.0
        first = self.parameters[:, :-1].copy()
        return np.concatenate([first, second, self.parameters[:, -1:]], axis=1)


def _inside(p: Floats, shape: tuple[int, ...]) -> Floats:
    """Return parameters moved to where a fit may go."""
    found = p.copy()
    each = found[:, :-1].reshape(len(p), -1, N_PARAMETERS)
    each[..., 0] = each[..., 0].clip(-20.0, 60.0)
    each[..., 1] = each[..., 1].clip(_LN_R[0], min(_LN_R[1], math.log(max(shape[1:]))))
    each[..., 2] = each[..., 2].clip(*_LN_N)
    each[..., 3] = each[..., 3].clip(-0.5, shape[2] - 0.5)
    each[..., 4] = each[..., 4].clip(-0.5, shape[1] - 0.5)
    shear = np.hypot(each[..., 5], each[..., 6])
    each[..., 5:] *= np.minimum(1.0, _SHEAR / np.maximum(shear, 1e-12))[..., None]
    found[:, :-1] = each.reshape(len(p), -1)
    return found
