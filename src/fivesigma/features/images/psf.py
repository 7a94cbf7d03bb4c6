"""The point-spread function of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from fivesigma._core.errors import InputError

Array = NDArray[np.float64]
Images = NDArray[np.float32]


@dataclass(frozen=True)
class Psf:
    """A round PSF: Moffat ``(1 + r²/a²)^(−β)``, or Gaussian (``beta = none``); FWHM in pixels.

    Examples
    --------
    >>> Psf(3.0, None).kernel(8).shape
    (8, 5)
    """

    fwhm: float = 3.0
    beta: float | None = 3.5

    def __post_init__(self) -> None:
        if not (np.isfinite(self.fwhm) and self.fwhm > 0):
            raise InputError(f"psf.fwhm = {self.fwhm!r} is not possible; give a finite number above 0.")
        if self.beta is not None and not self.beta > 1:
            raise InputError(f"psf.beta = {self.beta} is not possible; a Moffat profile needs more than 1.")

    def kernel(self, size: int) -> Array:
        """The transform of the sampled, unit-sum kernel on a ``size × size`` torus: (size, size//2 + 1)."""
        x = np.fft.fftfreq(size, 1 / size)
        r2 = x[:, None] ** 2 + x**2
        if self.beta is None:
            profile = np.exp(-4 * np.log(2) * r2 / self.fwhm**2)
        else:
            a2 = self.fwhm**2 / 4 / (2 ** (1 / self.beta) - 1)
            profile = (1 + r2 / a2) ** -self.beta
        return np.asarray(fft.rfft2(profile / profile.sum()).real)


def blur(images: Images, psf: Psf) -> Images:
    """Convolve with the PSF; the outside of the images is dark: (n, size, size) -> the same."""
    size = images.shape[1]
    wide = fft.next_fast_len(size + 2 * int(np.ceil(4 * psf.fwhm)), real=True)
    spectrum = fft.rfft2(images, s=(wide, wide)) * psf.kernel(wide).astype(np.float32)
    return np.asarray(fft.irfft2(spectrum, s=(wide, wide))[:, :size, :size], dtype=np.float32)
