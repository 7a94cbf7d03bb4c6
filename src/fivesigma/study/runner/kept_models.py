"""What is kept beside the models of a run: which file is whose, how sure each is of a prediction, which rows it saw."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.record import models
from fivesigma.record.store import RunFolder, write_json
from fivesigma.risk.extrapolation import TrainingRange
from fivesigma.study.fit.intervals import HeldOut, intervals_of
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import Output
from fivesigma.study.fit.saved import errors_file, index_file, model_file
from fivesigma.study.fit.uncertainty import Uncertainty, range_of_features, training_range
from fivesigma.study.prepared import Prepared


def keep_beside(prepared: Prepared, outcomes: Sequence[Outcome], folder: RunFolder) -> None:
    """Keep beside each saved model the errors of its predictions, and under which name it is known.

    Of one that has a law its intervals are noted in its own document too, so that it gives them wherever it goes.
    """
    kept = [(number, each) for number, each in enumerate(outcomes) if is_saved(each)]
    every = training_range(prepared.fit_data) if kept else None
    for number, outcome in kept:
        assert every is not None
        place = model_file(folder, number)
        intervals = intervals_of(prepared.fit_data, outcome.validation, prepared.spec.evaluate.intervals)
        if intervals:
            models.note(place, {"intervals": [each.to_document() for each in intervals]})
        write_json(errors_file(place), _uncertainty(prepared, outcome, every).to_document())
    names = {outcome.entry.name: model_file(folder, number).name for number, outcome in kept}
    write_json(index_file(folder), {"models": names})


def is_saved(outcome: Outcome) -> bool:
    """Whether a model was fitted here and could be saved."""
    return outcome.ok and outcome.entry.given is None and "not_saved" not in outcome.described


def _uncertainty(prepared: Prepared, outcome: Outcome, every: TrainingRange) -> Uncertainty:
    data, entry, said = prepared.fit_data, outcome.entry, outcome.validation
    if entry.image:
        seen = range_of_features(data, entry)
    else:
        seen = every if entry.features is None else every.within(entry.features)
    if not {Output.VALUE, Output.PROBABILITY} & set(said):
        return Uncertainty.of(seen, ())
    targets = [None] if data.y.ndim == 1 else list(range(data.n_targets))
    held = [HeldOut.of(data, said, target) for target in targets]
    return Uncertainty.of(seen, held, prepared.spec.evaluate.intervals)
