"""The loops over pixels, compiled: each takes images less their sky and fills a row an image."""

from __future__ import annotations

import numpy as np

from fivesigma._core.compiled import njit
from fivesigma.features.images.family import Floats, Images

N_STEPS = 100
NARROWEST = 0.7
"""Width of a window at the least, in pixels: that of a single one."""


@njit(cache=True, error_model="numpy")
def _brightest(image):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Row and column around which nine pixels hold the most light."""
    height, width = image.shape
    best, at = -np.inf, (height // 2, width // 2)
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            total = 0.0
            for i in range(-1, 2):
                for j in range(-1, 2):
                    total += image[row + i, column + j]
            if total > best:
                best, at = total, (row, column)
    return at


@njit(cache=True, error_model="numpy")
def _window(image, y0, x0, width):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Sums under a round Gaussian window: w a, w a y, w a x, w a yy, w a xx, w a xy, w a r⁴."""
    total = y = x = yy = xx = xy = r4 = 0.0
    reach = 4.0 * width
    for row in range(max(int(y0 - reach), 0), min(int(y0 + reach) + 2, image.shape[0])):
        for column in range(max(int(x0 - reach), 0), min(int(x0 + reach) + 2, image.shape[1])):
            v, u = row - y0, column - x0
            r2 = u * u + v * v
            wa = np.exp(-0.5 * r2 / (width * width)) * image[row, column]
            total += wa
            y += wa * v
            x += wa * u
            yy += wa * v * v
            xx += wa * u * u
            xy += wa * u * v
            r4 += wa * r2 * r2
    return total, y, x, yy, xx, xy, r4


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def moments(images: Images, found: Floats) -> None:
    """Fill flux, light under the window, x, y, size, e1, e2, kurtosis; NaN where no window settles."""
    for g in range(len(images)):
        image = images[g]
        height, wide = image.shape
        row, column = _brightest(image)
        y0, x0, width, widest = float(row), float(column), 2.0, min(height, wide) / 3.0
        settled = False
        for _ in range(N_STEPS):
            total, y, x, yy, xx, xy, r4 = _window(image, y0, x0, width)
            if not total > 0:
                break
            dy, dx, moment = 2 * y / total, 2 * x / total, (yy + xx) / total
            y0, x0 = y0 + dy, x0 + dx
            wider = np.sqrt(min(max(moment, NARROWEST**2), widest**2))
            inside = -0.5 <= y0 <= height - 0.5 and -0.5 <= x0 <= wide - 0.5
            if not inside:
                break
            change, width = abs(wider - width), wider
            if abs(dy) + abs(dx) + change < 1e-6:
                settled = True
                break
        found[g, 0] = image.sum()
        if settled:
            found[g, 1], found[g, 2], found[g, 3] = 2 * total, x0, y0
            found[g, 4], found[g, 5], found[g, 6] = width, (xx - yy) / (xx + yy), 2 * xy / (xx + yy)
            found[g, 7] = r4 / total / width**4
        else:
            found[g, 1:] = np.nan


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def rings(images: Images, centres: Floats, edges: Floats, light: Floats, area: Floats) -> None:
    """Fill light and area (n, k) of rings between radii ``edges`` (k + 1,), pixels divided into nine parts."""
    for g in range(len(images)):
        image = images[g]
        x0, y0 = centres[g]
        for row in range(image.shape[0]):
            for column in range(image.shape[1]):
                for i in range(-1, 2):
                    for j in range(-1, 2):
                        r = np.hypot(column + j / 3.0 - x0, row + i / 3.0 - y0)
                        k = np.searchsorted(edges, r, side="right") - 1
                        if 0 <= k < light.shape[1]:
                            light[g, k] += image[row, column] / 9.0
                            area[g, k] += 1.0 / 9.0


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def turned(images: Images, centres: Floats, reach: Floats, noise: Floats, found: Floats) -> None:
    """Fill the asymmetry ``(Σ|I − I₁₈₀| − n 2σ/√π) / 2Σ|I|`` inside ``reach``: what noise alone does is taken off."""
    for g in range(len(images)):
        image = images[g]
        height, width = image.shape
        x2, y2 = round(2 * centres[g, 0]), round(2 * centres[g, 1])
        off = light = 0.0
        n = 0
        for row in range(height):
            for column in range(width):
                other_row, other_column = y2 - row, x2 - column
                if np.hypot(column - 0.5 * x2, row - 0.5 * y2) > reach[g]:
                    continue
                if not (0 <= other_row < height and 0 <= other_column < width):
                    continue
                off += abs(image[row, column] - image[other_row, other_column])
                light += abs(image[row, column])
                n += 1
        found[g] = (off - n * 2 * noise[g] / np.sqrt(np.pi)) / (2 * light) if light > 0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def inequality(images: Images, centres: Floats, reach: Floats, found: Floats) -> None:
    """Fill Gini's coefficient and M20 of the pixels inside ``reach``."""
    for g in range(len(images)):
        image = images[g]
        values, radii = np.empty(image.size), np.empty(image.size)
        n = 0
        for row in range(image.shape[0]):
            for column in range(image.shape[1]):
                r2 = (column - centres[g, 0]) ** 2 + (row - centres[g, 1]) ** 2
                if r2 <= reach[g] ** 2:
                    values[n], radii[n] = image[row, column], r2
                    n += 1
        found[g, 0], found[g, 1] = _gini(np.abs(values[:n])), _m20(values[:n], radii[:n])


@njit(cache=True, error_model="numpy")
def _gini(values):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    n, total, ranked = len(values), values.sum(), 0.0
    if n < 2 or not total > 0:
        return np.nan
    ordered = np.sort(values)
    for i in range(n):
        ranked += (2 * (i + 1) - n - 1) * ordered[i]
    return ranked / (total / n) / (n * (n - 1))


@njit(cache=True, error_model="numpy")
def _m20(values, radii):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    total, whole = values.sum(), (values * radii).sum()
    if not (total > 0 and whole > 0):
        return np.nan
    light = moment = 0.0
    for i in np.argsort(-values):
        if light + values[i] > 0.2 * total:
            break
        light += values[i]
        moment += values[i] * radii[i]
    return np.log10(moment / whole) if moment > 0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def maxima(images: Images, least: Floats, found: Floats) -> None:
    """Fill the number of pixels above ``least`` that top their neighbours, the two highest, and how far apart."""
    for g in range(len(images)):
        image = images[g]
        height, width = image.shape
        n, first, second = 0, 0.0, 0.0
        at, other = (0, 0), (0, 0)
        for row in range(height):
            for column in range(width):
                value = image[row, column]
                if not value > least[g] or not _tops(image, row, column):
                    continue
                n += 1
                if value > first:
                    first, second, at, other = value, first, (row, column), at
                elif value > second:
                    second, other = value, (row, column)
        apart = np.hypot(at[0] - other[0], at[1] - other[1]) if n > 1 else 0.0
        found[g, 0], found[g, 1], found[g, 2], found[g, 3] = n, first, second, apart


@njit(cache=True, error_model="numpy")
def _tops(image, row, column):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Whether a pixel is above its neighbours; of equal ones the first is."""
    for i in range(max(row - 1, 0), min(row + 2, image.shape[0])):
        for j in range(max(column - 1, 0), min(column + 2, image.shape[1])):
            if (i, j) == (row, column):
                continue
            before = (i, j) < (row, column)
            if image[i, j] > image[row, column] or (before and image[i, j] == image[row, column]):
                return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def functionals(images: Images, levels: Floats, found: Floats) -> None:
    """Fill area, boundary and Euler characteristic a pixel (n, 3 k) of what lies above ``levels`` (n, k)."""
    for g in range(len(images)):
        image = images[g]
        height, width = image.shape
        for k in range(levels.shape[1]):
            level = levels[g, k]
            area = edges = corners = sides = 0
            for row in range(-1, height):
                for column in range(-1, width):
                    a = row >= 0 and column >= 0 and image[row, column] > level
                    b = row >= 0 and column + 1 < width and image[row, column + 1] > level
                    c = row + 1 < height and column >= 0 and image[row + 1, column] > level
                    d = row + 1 < height and column + 1 < width and image[row + 1, column + 1] > level
                    area += a
                    corners += a or b or c or d  # a corner of the lattice that belongs to a pixel of the set
                    if row >= 0:
                        sides += a or b
                        edges += a != b
                    if column >= 0:
                        sides += a or c
                        edges += a != c
            found[g, 3 * k] = area / image.size
            found[g, 3 * k + 1] = edges / image.size
            found[g, 3 * k + 2] = (corners - sides + area) / image.size
