"""Fidelity by hand, of states that are known, and of targets that are logarithms; only where it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.outputs import Output
from fivesigma.risk.fidelity import Fidelity, LogFidelity
from fivesigma.risk.metrics import metrics_for
from fivesigma.simulate.spins import SpinChain


def states():
    return (SpinChain(8, field=h).ground_state() ** 2 for h in (1.0, 1.1))


def test_it_is_the_squared_overlap_of_two_states_of_positive_amplitudes():
    p, q = states()
    overlap = float(np.sqrt(p) @ np.sqrt(q)) ** 2
    assert Fidelity().value(p, q) == pytest.approx(overlap, abs=1e-12)
    assert LogFidelity().value(np.log(p), np.log(q)) == pytest.approx(overlap, abs=1e-12)
    assert 0.9 < overlap < 1 - 1e-3


@pytest.mark.parametrize("factor", [1e-100, 0.37, 1e100])
def test_neither_norm_counts(factor):
    p, q = states()
    plain = Fidelity().value(p, q)
    assert Fidelity().value(p, factor * q) == pytest.approx(plain, rel=1e-12)
    assert LogFidelity().value(np.log(p), np.log(q) + np.log(factor)) == pytest.approx(plain, rel=1e-12)


def test_what_is_negative_counts_as_nothing_and_nothing_at_all_is_undefined():
    y = np.array([0.5, 0.5])
    assert Fidelity().value(y, np.array([0.5, -3.0])) == pytest.approx(0.5)
    assert np.isnan(Fidelity().value(y, np.array([-1.0, -3.0])))


def test_logarithms_that_leave_the_floats_do_no_harm():
    y = np.array([-1e4, -1e4 + np.log(3.0)])
    assert LogFidelity().value(y, np.array([900.0, 900.0])) == pytest.approx(
        Fidelity().value(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    )


def test_an_event_without_weight_sets_no_scale():
    y, q = np.array([0.0, 1.0, 1e5]), np.array([0.5, 1.0, -1e5])
    w = np.array([1.0, 1.0, 0.0])
    assert LogFidelity().value(y, q, w) == pytest.approx(LogFidelity().value(y[:2], q[:2]))


def test_a_study_has_it_only_where_it_names_it():
    plain = [each.name for each in metrics_for([Output.VALUE])]
    assert not {"fidelity", "log_fidelity"} & {*plain}
    assert [each.name for each in metrics_for([Output.VALUE], asked=["log_fidelity"])] == [
        *plain,
        "log_fidelity",
    ]
