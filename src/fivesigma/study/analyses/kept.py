"""The models that a run has kept, as analyses ask them."""

from __future__ import annotations

from fivesigma.record.store import RunFolder, TaskStore
from fivesigma.study.analyses.analysis import Run
from fivesigma.study.finished.fitted_model import FittedModel, load
from fivesigma.study.fit.saved import model_file


def kept_model(run: Run, name: str) -> FittedModel | None:
    """Return a model of the line-up as it is kept in the run's folder; None where it is not."""
    store = run.done.store
    if not isinstance(store, TaskStore):
        return None
    number = [entry.name for entry in run.plan.entries].index(name)
    path = model_file(RunFolder(store.folder.parent), number)
    return load(path) if path.is_file() else None
