"""Launches at random speed and angle: the first data set of a course, with its closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

from fivesigma._core.errors import InputError
from fivesigma.simulate.system import System, Table, count, positive

Vector = NDArray[np.float64]
_SMALL = 1e-2  #: k t below which series stand for differences


@dataclass(frozen=True)
class Projectiles(System):
    """Launches from the origin over flat ground, in a fluid whose drag is proportional to the velocity.

    ``v' = −g ŷ − k v`` has ``x = v_x φ(t)``, ``y = v_y φ(t) − g (t − φ(t))/k`` with ``φ(t) = (1 −
    e^(−kt))/k``; for k = 0, ``φ = t`` and ``(t − φ)/k = t²/2``. (Thornton & Marion, Classical Dynamics, 5th
    ed., sect. 2.4.)

    Parameters
    ----------
    v_max : speeds are even in [0, v_max] m/s
    drag : k [1/s]; 0 is a vacuum
    g : [m/s²]
    t_max, n_times : trajectories at n_times even times over [0, t_max] s; they go on below the ground

    Examples
    --------
    >>> Projectiles().sample(100, np.random.default_rng(0))["x"].shape
    (100, 101)
    """

    block: ClassVar[int] = 10_000
    default_n: ClassVar[int] = 100

    v_max: float = 50.0
    drag: float = 0.0
    g: float = 9.81
    t_max: float = 5.0
    n_times: int = 101

    def __post_init__(self) -> None:
        for name in ("v_max", "g", "t_max"):
            positive(getattr(self, name), name)
        if not (np.isfinite(self.drag) and self.drag >= 0) or self.n_times < 2:
            raise InputError(
                f"drag = {self.drag}, n_times = {self.n_times}: expected at least 0 and at least 2."
            )

    def sample(self, n: int, rng: np.random.Generator) -> dict[str, Vector]:
        """Return speed, angle, flight_time, apex, range (n,), and time, x, y (n, n_times), in SI units."""
        speed = rng.uniform(0, self.v_max, count(n))
        angle = rng.uniform(0, np.pi / 2, n)
        t = np.broadcast_to(np.linspace(0, self.t_max, self.n_times), (n, self.n_times))
        x, y = self.position(speed[:, None], angle[:, None], t)
        landing = self.flight_time(speed, angle)
        columns = {"speed": speed, "angle": angle, "flight_time": landing}
        columns["apex"] = self.position(speed, angle, self.apex_time(speed, angle))[1]
        columns["range"] = self.position(speed, angle, landing)[0]
        return columns | {"time": np.ascontiguousarray(t), "x": x, "y": y}

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return the launches with their trajectories; the range is the suggested target."""
        metres = dict.fromkeys(("x", "y", "apex", "range"), "m")
        units = {"speed": "m/s", "angle": "rad", "flight_time": "s", "time": "s"} | metres
        return Table(self.sample(n, rng), units, target="range", features=("speed", "angle"))

    def position(self, speed: Vector, angle: Vector, t: Vector) -> tuple[Vector, Vector]:
        """Return x and y [m] at time t, by broadcasting."""
        k = self.drag
        phi = -np.expm1(-k * t) / k if k > 0 else t
        # t − φ loses digits where u = kt is small; its series does not
        u = k * t
        series = t**2 * (1 / 2 - u / 6 + u**2 / 24 - u**3 / 120)
        fall = series if k * self.t_max < _SMALL else (t - phi) / k
        return speed * np.cos(angle) * phi, speed * np.sin(angle) * phi - self.g * fall

    def flight_time(self, speed: Vector, angle: Vector) -> Vector:
        """Time of return to the ground [s]: ``k t = A + W(−A e^(−A))``, ``A = 1 + k v_y/g`` (Lambert's W)."""
        vertical = speed * np.sin(angle)
        if self.drag * self.t_max < _SMALL:
            t = 2 * vertical / self.g
            for _ in range(4):  # Newton's steps from the vacuum's answer
                decay = np.exp(-self.drag * t)
                phi = t * (1 - self.drag * t / 2 + (self.drag * t) ** 2 / 6 - (self.drag * t) ** 3 / 24)
                t = t - self.position(speed, angle, t)[1] / (vertical * decay - self.g * phi - 1e-300)
            return np.asarray(t)
        A = 1 + self.drag * vertical / self.g
        return np.asarray((A + lambertw(-A * np.exp(-A)).real) / self.drag)

    def apex_time(self, speed: Vector, angle: Vector) -> Vector:
        """Time at the highest point [s]: ``ln(1 + k v_y/g)/k``."""
        vertical = speed * np.sin(angle)
        return np.asarray(
            np.log1p(self.drag * vertical / self.g) / self.drag if self.drag > 0 else vertical / self.g
        )
