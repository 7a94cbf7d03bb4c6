"""What a study would do, before it does it: its fits, the studies of its scan and about how long they take."""

from __future__ import annotations

import time

from fivesigma._core.counts import counted
from fivesigma._core.executor import available_cores
from fivesigma.study.analyses.fits import fits_of_scores
from fivesigma.study.analyses.scan.points import children, is_fresh, study_at
from fivesigma.study.fit.finished import Finished, Memory
from fivesigma.study.plan import Plan
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.progress import duration
from fivesigma.study.runner.stages import first_stage

OVERHEAD = 0.01
"""Seconds that a fit takes beside its cost law: pipeline, prediction, scores."""


def planned(prepared: Prepared) -> Plan:
    """Return the tasks that are known before any is done."""
    return first_stage(prepared, Finished(Memory())).plan


def foretold(prepared: Prepared) -> list[str]:
    """Return how many studies the scan makes and about how long they take; [] for a study without one.

    Simulated events of the first point are drawn once, to know what that costs.
    """
    spec = prepared.spec
    if spec.scan is None:
        return []
    every = children(spec)
    n, started, drawn = len(every), time.perf_counter(), 0.0
    if is_fresh(spec):
        prepare(study_at(spec, every[0].values, every[0].seed))
        drawn = time.perf_counter() - started
    needed = [fit for entry in prepared.plan.entries for fit in fits_of_scores(prepared, entry)]
    cores, seconds = min(available_cores(), n), sum(fit.cost + OVERHEAD for fit in needed)
    about = duration(max(1.0, n * (seconds + drawn) / cores))
    parts = [counted(n // spec.scan.repeats, "point"), counted(spec.scan.repeats, "repeat")]
    studies = f"scan: {counted(n, 'study', 'studies')} ({', '.join(parts)})"
    return [f"{studies}, about {about} on {counted(cores, 'core')} if each costs what the one written does"]
