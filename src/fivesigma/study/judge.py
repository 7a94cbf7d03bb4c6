"""The judge alone: scores that anybody's models made of labelled events get intervals, and differences their σ."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns
from fivesigma._core.checks import as_numbers
from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError, did_you_mean, one_of
from fivesigma._core.outputs import Output
from fivesigma._core.random import generator
from fivesigma._core.weights import signed
from fivesigma.data.dataset import Dataset
from fivesigma.data.scores import ScoreTable
from fivesigma.record.results import Claim
from fivesigma.risk import evidence as risk
from fivesigma.risk.evidence import About, Difference, Measurement, Part
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import DEFAULT, metrics, metrics_for
from fivesigma.study.evidence.family import MODELS, Compared, Family
from fivesigma.study.evidence.records import score_record
from fivesigma.study.finished.result import Claims
from fivesigma.study.finished.told_scores import Scored
from fivesigma.study.plan import ENOUGH_REFITS
from fivesigma.study.tasks.registry import task as task_called

Array = NDArray[Any]

_TEST = "test"
_FEWEST = 100  # resamples, as evaluate.bootstrap


@dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """What labelled events say of some models; made by `evidence`.

    Attributes
    ----------
    metric : the primary metric, on which claims are made.
    metrics : all that apply, by name.
    said : what each model says, by name.
    refits : what each says when it is trained again, by name.
    """

    data: Dataset
    metric: Metric
    metrics: Mapping[str, Metric]
    said: Mapping[str, Array]
    refits: Mapping[str, Sequence[Array]]
    baseline: str | None = None
    claim: About = "procedure"
    relevant: float = 0.0
    n_train: int | None = None
    seed: int = 0
    bootstrap: int = 2000
    _measured: dict[tuple[str, str], Measurement] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def part(self) -> Part:
        """The events with their resamples, the same for all models and metrics."""
        data, rng = self.data, generator(self.seed, "bootstrap", _TEST)
        assert data.y is not None
        return Part.draw(data.y, rng, w=data.w, groups=data.groups, n_boot=self.bootstrap)

    def measured(self, name: str, word: str) -> Measurement:
        """Return value, resamples and refits of one model by one metric."""
        if (name, word) not in self._measured:
            refits = self.refits.get(name, ())
            found = risk.measure(self.metrics[word], self.part, self.said[name], refits=refits)
            self._measured[name, word] = found
        return self._measured[name, word]

    def about(self, *names: str) -> About:
        """Return what is known of some models: of the procedure where all have refits enough, else of the fits."""
        enough = all(len(self.refits.get(name, ())) >= ENOUGH_REFITS for name in names)
        return self.claim if enough else "fitted"

    @cached_property
    def scores(self) -> dict[str, dict[str, Scored]]:
        """The score of each model by each metric, the primary one first."""
        return {
            name: {
                word: Scored(score_record(risk.score(self.measured(name, word), claim=self.about(name))))
                for word in self.metrics
            }
            for name in self.said
        }

    @cached_property
    def family(self) -> Family:
        """Every pair on the primary metric, with its significance among all of them."""
        return Family([Compared(a, b, self._difference(a, b), MODELS, (a, b)) for a, b in self._pairs()])

    def _pairs(self) -> list[tuple[str, str]]:
        others = [name for name in self.said if name != self.baseline]
        first = [] if self.baseline is None else [(name, self.baseline) for name in others]
        return [*first, *combinations(others, 2)]

    def _difference(self, a: str, b: str) -> Difference:
        ours, theirs = (self.measured(name, self.metric.name) for name in (a, b))
        return risk.compare(ours, theirs, one_sided=b == self.baseline, claim=self.about(a, b))

    @cached_property
    def claims(self) -> Claims:
        """A sentence on each pair, with effect, interval and σ; of one model alone there is none."""
        return Claims(tuple(self._sentence(each) for each in self.family))

    def _sentence(self, compared: Compared) -> Claim:
        return risk.claim_text(
            compared.difference,
            compared.subject,
            compared.other,
            metric=self.metric.name,
            n_test=self.data.n_samples,
            n_train=self.n_train,
            relevant=self.relevant,
            family=len(self.family),
            greater_is_better=self.metric.greater_is_better,
        )

    # --- shown -------------------------------------------------------------------------------------------------

    def _cells(self) -> list[list[str]]:
        return [
            ["model", *self.metrics],
            *([name, *(repr(each) for each in scores.values())] for name, scores in self.scores.items()),
        ]

    def __repr__(self) -> str:
        first = [[name, repr(scores[self.metric.name])] for name, scores in self.scores.items()]
        width = max(len(name) for name, _ in first)
        lines = [f"{name.ljust(width)}  {self.metric.name} {text}" for name, text in first]
        return "\n".join([*lines, *(each.text for each in self.claims)])

    def _repr_html_(self) -> str:
        head, *rows = [[html.escape(cell) for cell in row] for row in self._cells()]
        top = "".join(f"<th>{cell}</th>" for cell in head)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
        return table + self.claims._repr_html_()


def evidence(  # noqa: PLR0913 keywords of a public function
    y: Any,
    scores: Mapping[str, Any],
    *,
    metric: str | None = None,
    weight: Any = None,
    groups: Any = None,
    refits: Mapping[str, Sequence[Any]] | None = None,
    baseline: str | None = None,
    task: str | None = None,
    classes: Sequence[Any] | None = None,
    claim: About = "procedure",
    relevant: float = 0.0,
    n_train: int | None = None,
    seed: int = 0,
    bootstrap: int = 2000,
) -> Evidence:
    """Judge what models say of events that none of them has seen: intervals of every score, σ of every difference.

    The numbers are those of a study of ``kind = "predictions"`` with these events as its test. Nothing is written, no
    ledger counts: whether the events are unseen, and how often they were looked at, is yours to know.

    Parameters
    ----------
    y : (n,) labels of the events, or numbers; (n, m) of several targets.
    scores : of each model by name: of two classes the probability of the last one (n,), of K classes (n, K) in the
        order of ``classes``; of a regression the values (n,), or (n, m). Arrays, lists, or columns of any data frame.
    metric : the primary one; default ``roc_auc`` or ``r2``.
    weight : (n,) weights of the events, which may be negative for metrics that take such.
    groups : (n,) labels of what is not independent.
    refits : what models say of the same events when they are trained again, each on another resample of its training
        set with another seed: of each model ten or more arrays like its scores, the resamples in the same order for
        all. Without them, or with fewer, intervals and σ are of the fitted models alone, and the sentences say so.
    baseline : one of the models, which the others are tested to be above, one-sided.
    task : "classification" or "regression"; default: by ``y``.
    classes : the classes in the order of the probabilities, the signal last; default: sorted.
    claim : "fitted" to speak of the fitted models where there are refits too.
    relevant : the smallest difference worth a word.
    n_train : training events, for the sentence on what 3σ would take.
    seed, bootstrap : of the resamples of the events, and how many.

    Raises
    ------
    InputError, WrongTypeError
        In one sentence, for labels, scores, refits or names that do not fit together.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 400)
    >>> good, bad = (1 / (1 + np.exp(-(2 * y - 1) * a - rng.normal(size=400))) for a in (1.0, 0.2))
    >>> found = evidence(y, {"good": good, "bad": bad})
    >>> found.scores["good"]["roc_auc"]["low"] < 0.92 < found.scores["good"]["roc_auc"].high
    True
    >>> found.claims[0].verdict
    'observation'
    """
    _check_named("scores", scores, '{"forest": p}')
    if refits:
        _check_named("refits", refits, '{"forest": [p_1, p_2]}')
    _check_settings(claim, relevant, seed, bootstrap)
    data = _events(y, weight, groups, task, classes)
    again = {name: [_said(data, name, each) for each in every] for name, every in (refits or {}).items()}
    said = {name: _said(data, name, each) for name, each in scores.items()}
    for name in [*again, *([baseline] if baseline is not None else [])]:
        if name not in said:
            what = "baseline" if name == baseline else "refits"
            raise InputError(f"{what}: {name!r} is not among the scores.{did_you_mean(name, said)}")
    able = _metrics(data, metric)
    primary = next(iter(able.values()))
    rest = (baseline, claim, relevant, n_train, seed, bootstrap)
    return Evidence(data, primary, able, said, again, *rest)


def _check_settings(claim: About, relevant: float, seed: int, bootstrap: int) -> None:
    """Refuse what a study file could not say either."""
    one_of(claim, get_args(About), "claim")
    generator(seed)  # which refuses what is none
    if not relevant >= 0:
        raise InputError(f"relevant is {relevant}; expected the smallest difference worth a word, from 0.")
    if bootstrap < _FEWEST:
        raise InputError(f"bootstrap is {bootstrap}; expected {_FEWEST} resamples or more.")


def _check_named(what: str, given: Any, example: str) -> None:
    """Refuse what is no mapping of the names of models to what they say."""
    if not isinstance(given, Mapping) or not given:
        got = "an empty one" if isinstance(given, Mapping) else f"a {type(given).__name__}"
        raise InputError(f"{what} must be a mapping of names to arrays, such as {example}; got {got}.")
    for name in given:
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{what}: {name!r} is no name of a model; name each by a text.")


def _events(y: Any, weight: Any, groups: Any, task: str | None, classes: Sequence[Any] | None) -> Dataset:
    """Return the events, of which nothing but the truth is known."""
    n = len(columns.of(y))
    if not n:
        raise InputError("y has no events; give the label of each event that was scored.")
    data = Dataset.from_arrays(
        np.arange(n, dtype=np.float64)[:, None], y, w=weight, groups=groups, task=task, classes=classes
    )
    if data.n_samples != n:
        raise InputError(
            f"y has no label for {n - data.n_samples} of {n} events; leave these events out of every array."
        )
    if not task_called(data.task).supervised:
        raise InputError(
            "a clustering has no scores of events to judge; give task = 'classification' or 'regression'."
        )
    return data


def _said(data: Dataset, name: str, given: Any) -> Array:
    """Return probabilities (n, K) or values (n,), (n, m) of one model, checked as scores made elsewhere are."""
    values = as_numbers(given, what=f"the array of scores of {name!r}")
    if values.ndim not in (1, 2) or len(values) != data.n_samples:
        raise InputError(
            f"the scores of {name!r} have shape {values.shape}; expected ({data.n_samples},) or ({data.n_samples}, K)."
        )
    named = {f"{name}:{k}": column for k, column in enumerate(values.reshape(len(values), -1).T)}
    if values.ndim == 1:
        named = {name: values}
    _check_width(data, name, len(named))
    n = data.n_samples
    table, every = ScoreTable("scores", named, np.arange(n)), np.ones(n, dtype=np.bool_)
    if data.classes is not None:
        return table.probabilities(list(named), len(data.classes), every)
    found = table.values(list(named), every)
    return found if data.several else found[:, 0]


def _check_width(data: Dataset, name: str, width: int) -> None:
    """Refuse scores of another number of columns than there are classes or targets."""
    K = max(len(data.several), 1) if data.classes is None else len(data.classes)
    if width != K and not (width == 1 and K == 2 and data.classes is not None):
        what = f"{K} targets" if data.classes is None else f"{K} classes, a probability each"
        raise InputError(
            f"the scores of {name!r} have {counted(width, 'column')}; expected ({data.n_samples}, {K}) of {what}."
        )


def _metrics(data: Dataset, asked: str | None) -> dict[str, Metric]:
    """Return the metrics that apply, the primary one first; those at a cut are chosen on other events than these."""
    from fivesigma.risk.targets import over_targets

    n_classes = None if data.classes is None else len(data.classes)
    outputs = (Output.PROBABILITY,) if n_classes else (Output.VALUE,)
    every = metrics_for(outputs, n_classes, asked=(asked or "",))
    if data.several:
        every, _ = over_targets(every, data.target_units)
    found = {each.name: each for each in every if not each.has_cut and not (each.unsigned and signed(data.w))}
    name = asked or (DEFAULT[data.task] if DEFAULT[data.task] in found else next(iter(found)))
    if name not in found:
        raise InputError(f"metric: {_unable(name, found, data)}{did_you_mean(name, found)}")
    return {name: found[name], **found}


def _unable(name: str, found: Mapping[str, Metric], data: Dataset) -> str:
    listed = ", ".join(found)
    known = metrics().get(name)
    if (
        known is not None
        and known.has_cut
        and (data.classes is None) == (known.scores is not Output.PROBABILITY)
    ):
        return (
            f"'{name}' is read at a cut or a width, which must be chosen on other events than these; run a study of "
            f'kind = "predictions", or choose one of {listed}.'
        )
    return f"'{name}' does not score this {data.task}; expected one of {listed}."
