"""What a task leaves is kept whole; only what took long is worth a flush of the disk."""

import os
import time

import numpy as np
import pytest

from fivesigma.record.store import RunFolder
from fivesigma.study.plan import Fit, Sample
from fivesigma.study.runner import worker as module
from fivesigma.study.runner.worker import Worker

KEY = "k"


class Fitter:
    def __init__(self, steps: bool) -> None:
        self.steps = steps

    def attempted(self, task, journal):
        if self.steps:
            journal.add({"trial": 1})
        time.sleep(0.01)
        return {"p": np.arange(3.0)}, {"found": {}}


def work(tmp_path, monkeypatch, *, steps: bool = False) -> tuple[Worker, list[int]]:
    worker, synced = Worker(RunFolder.create(tmp_path / "run")), []
    worker._tasks[KEY] = Fit("m", Sample("all"))
    worker.__dict__["fitter"] = Fitter(steps)
    worker(KEY)  # imports what has to be
    worker.folder.tasks.path(KEY).unlink()
    flush = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(descriptor) or flush(descriptor))
    return worker, synced


@pytest.mark.parametrize(("moment", "steps", "flushed"), [(60.0, False, 0), (0.0, False, 2), (60.0, True, 3)])
def test_a_result_is_flushed_where_its_task_took_long_or_went_by_steps(
    tmp_path, monkeypatch, moment, steps, flushed
) -> None:
    monkeypatch.setattr(module, "_A_MOMENT", moment)
    worker, synced = work(tmp_path, monkeypatch, steps=steps)
    worker(KEY)
    assert len(synced) == flushed  # file and folder, and each step
    arrays, meta = worker.folder.tasks.read(KEY)
    assert arrays["p"].tolist() == [0.0, 1.0, 2.0]
    assert meta["seconds"] > 0.01 * 0.9
    assert [each.name for each in worker.folder.tasks.folder.iterdir()] == [f"{KEY}.npz"]
