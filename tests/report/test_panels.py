"""Panels with shared limits that look for them once have the limits they would have had."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from matplotlib.figure import Figure

from fivesigma.report.panels import panels, scaled_at_the_end


def _limits(scaling, rng):
    figure = Figure((6, 4))
    axes = panels(figure, 5, 3, sharex=True, sharey=True)
    with scaling(axes):
        for k, each in enumerate(axes):
            each.imshow(rng.random((4, 4)), extent=(-1.0, 2.0, 0.0, 3.0 + k), aspect="auto", origin="lower")
            x = np.linspace(-1.0, 2.0, 4)
            each.contour(x, x + 1.0, rng.normal(size=(4, 4)), levels=[0.0])
            each.scatter(rng.normal(scale=1 + k, size=20), rng.normal(size=20))
    axes[0].plot([], [], "o", label="none")
    figure.draw_without_rendering()
    return [(each.get_xlim(), each.get_ylim(), each.get_autoscale_on()) for each in axes]


@pytest.mark.parametrize("seed", range(4))
def test_the_limits_are_those_of_looking_after_every_artist(seed):
    once, always = (
        _limits(scaling, np.random.default_rng(seed))
        for scaling in (scaled_at_the_end, contextlib.nullcontext)
    )
    assert once == always


def test_they_are_looked_for_again_after_a_failure():
    axes = panels(Figure(), 2, 2, sharex=True)
    with pytest.raises(RuntimeError), scaled_at_the_end(axes):
        raise RuntimeError
    assert all(each.get_autoscale_on() for each in axes)
