"""The three tables of the golden studies: drawn once, kept with exact decimals beside the studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np

STUDIES = Path(__file__).parent / "studies"


def collisions(n: int = 260) -> dict[str, list[object]]:
    """Signal and background with weights, groups, gaps and a column of words."""
    rng = np.random.default_rng(1)
    signal = rng.random(n) < 0.45
    kind = np.where(signal, "s", np.where(rng.random(n) < 0.4, "t", "b"))
    pt = np.exp(rng.normal(3.0 + 0.6 * signal, 0.5))
    mass = rng.normal(80 + 20 * signal + 12 * (kind == "t"), 12)
    angle = rng.uniform(-3.14, 3.14, n)
    met = np.abs(rng.normal(25 + 10 * signal * np.cos(angle), 12))
    met[rng.random(n) < 0.12] = -999
    return {
        "event": list(range(1000, 1000 + n)),
        "run": [int(i) // 4 for i in range(n)],
        "pt": pt.round(2).tolist(),
        "mass": mass.round(2).tolist(),
        "angle": angle.round(3).tolist(),
        "met": met.round(1).tolist(),
        "region": rng.choice(["barrel", "endcap", "gap"], n, p=[0.6, 0.3, 0.1]).tolist(),
        "w": np.where(signal, 0.25, 1.5).tolist(),
        "label": np.where(signal, "s", "b").tolist(),
        "process": kind.tolist(),
    }


def galaxies(n: int = 220) -> dict[str, list[object]]:
    """A number to predict whose spread grows, from one column, one that stands in for it, one that helps."""
    rng = np.random.default_rng(2)
    a, b, c = rng.normal(size=(3, n))
    near = b + 0.3 * rng.normal(size=n)
    y = 10 + 3 * b + a + 0.4 * b * c + (0.3 + 0.3 * np.abs(a)) * rng.normal(size=n)
    return {
        "a": a.round(3).tolist(),
        "b": b.round(3).tolist(),
        "c": c.round(3).tolist(),
        "near": near.round(3).tolist(),
        "w": rng.integers(1, 4, n).tolist(),
        "y": y.round(3).tolist(),
    }


def populations() -> dict[str, list[object]]:
    """Three populations in a plane, the last of which overlaps the second."""
    rng = np.random.default_rng(3)
    counts, centres = (80, 60, 40), ((0.0, 0.0), (4.0, 1.0), (6.5, 3.0))
    points = np.concatenate([rng.normal(m, 1.0, (k, 2)) for k, m in zip(counts, centres, strict=True)])
    return {
        "u": points[:, 0].round(3).tolist(),
        "v": points[:, 1].round(3).tolist(),
        "population": np.repeat(["one", "two", "three"], counts).tolist(),
    }


def write(name: str, columns: dict[str, list[object]]) -> None:
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    (STUDIES / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write("collisions.csv", collisions())
    write("galaxies.csv", galaxies())
    write("populations.csv", populations())
