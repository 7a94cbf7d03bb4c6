"""Trajectories against the equation of motion, integrated by another method."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fivesigma._core.errors import InputError
from fivesigma.simulate.projectiles import Projectiles


@pytest.mark.parametrize("drag", [0.0, 1e-4, 0.3, 5.0])
def test_closed_form_solves_the_equation_of_motion(drag):
    system = Projectiles(drag=drag, n_times=21)
    launches = system.sample(5, np.random.default_rng(0))

    def motion(_, state):
        return [state[2], state[3], -drag * state[2], -system.g - drag * state[3]]

    for i in range(5):
        v, a = launches["speed"][i], launches["angle"][i]
        start = [0, 0, v * np.cos(a), v * np.sin(a)]
        solved = solve_ivp(motion, (0, 5), start, t_eval=launches["time"][i], rtol=1e-11, atol=1e-11)
        assert launches["x"][i] == pytest.approx(solved.y[0], abs=1e-7)
        assert launches["y"][i] == pytest.approx(solved.y[1], abs=1e-7)


@pytest.mark.parametrize("drag", [0.0, 1e-4, 0.5])
def test_lands_where_the_height_is_zero(drag):
    system = Projectiles(drag=drag)
    launches = system.sample(50, np.random.default_rng(1))
    height = system.position(launches["speed"], launches["angle"], launches["flight_time"])[1]
    assert height == pytest.approx(np.zeros(50), abs=1e-6)
    top = system.position(
        launches["speed"], launches["angle"], system.apex_time(launches["speed"], launches["angle"])
    )
    assert (launches["apex"][:, None] >= launches["y"] - 1e-9).all()
    assert top[1] == pytest.approx(launches["apex"])


def test_vacuum_range():
    launches = Projectiles().sample(100, np.random.default_rng(2))
    assert launches["range"] == pytest.approx(launches["speed"] ** 2 * np.sin(2 * launches["angle"]) / 9.81)
    assert launches["x"].shape == (100, 101)
    assert launches["speed"].max() < 50
    assert launches["angle"].max() < np.pi / 2


def test_refusals():
    with pytest.raises(InputError):
        Projectiles(drag=-1.0)
    with pytest.raises(InputError):
        Projectiles(t_max=0.0)
