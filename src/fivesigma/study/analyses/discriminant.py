"""Signal against a declared mixture of backgrounds: ``[evaluate] background`` asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from fivesigma._core.errors import did_you_mean
from fivesigma.record.sections.discriminant import DiscriminantHistogram, DiscriminantRecord, Rejected, Share
from fivesigma.record.sections.section import named
from fivesigma.risk.cuts import Rejection
from fivesigma.risk.discriminant import Discriminant, histograms
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.against import against
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.prepared import Prepared

EFFICIENCIES = (0.5, 0.7, 0.8, 0.9)
"""Of the signal, at which backgrounds are rejected."""
REJECTIONS = {
    efficiency: Rejection(f"rejection_{100 * efficiency:.0f}", efficiency) for efficiency in EFFICIENCIES
}


def discriminant_of(prepared: Prepared) -> Discriminant | None:
    """Return the discriminant that a study asks for; None where it asks for none."""
    asked, classes = prepared.spec.evaluate.background, prepared.data.classes
    if asked is None or classes is None:
        return None
    signal = classes.index(prepared.spec.evaluate.signal or classes[-1])
    return Discriminant(signal, tuple(float(asked.get(name, 0.0)) for name in classes))


class OfMixture(Experiment):
    """The discriminant of every model."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section of a model; nothing where no mixture is declared."""
        discriminant, classes = discriminant_of(found.prepared), found.prepared.data.classes
        first = REJECTIONS[EFFICIENCIES[0]]
        if discriminant is None or classes is None or not found.scores.has(first, found.judged_on, name):
            return {}
        shares = zip(classes, discriminant.shares, strict=True)
        signal = classes[discriminant.signal]
        edges, drawn = _histograms(found, discriminant, name)
        return named(
            DiscriminantRecord(
                signal=signal,
                shares=tuple(Share(class_=each, share=f) for each, f in shares if each != signal),
                part=found.judged_on,
                edges=edges,
                histograms=drawn,
                rejections=tuple(self._rejections(found, discriminant, name)),
            )
        )

    @cached_property
    def _cached(self) -> dict[int, dict[str | None, Scores]]:
        return {}

    def _scores(self, found: Evidence, discriminant: Discriminant) -> dict[str | None, Scores]:
        """Return the scores against each background, and against all in their shares; made once."""
        if id(found) not in self._cached:
            classes = found.prepared.data.classes or ()
            others = [(name, code) for code, name in enumerate(classes) if code != discriminant.signal]
            several: list[tuple[str | None, int | None]] = (
                [*others, (None, None)] if len(others) > 1 else [*others]
            )
            first, part = REJECTIONS[EFFICIENCIES[0]], found.judged_on
            self._cached[id(found)] = {
                name: against(found.scores, first, discriminant, part, background=code)
                for name, code in several
            }
        return self._cached[id(found)]

    def _rejections(self, found: Evidence, discriminant: Discriminant, name: str) -> Iterator[Rejected]:
        for background, scores in self._scores(found, discriminant).items():
            for efficiency, rejection in REJECTIONS.items():
                yield Rejected(
                    background=background,
                    efficiency=efficiency,
                    cut=scores.cut(rejection, name),
                    rejection=scores.score(rejection, found.judged_on, name),
                )


def _histograms(
    found: Evidence, discriminant: Discriminant, name: str
) -> tuple[tuple[float, ...], tuple[DiscriminantHistogram, ...]]:
    metric, part, classes = found.prepared.metric, found.judged_on, found.prepared.data.classes or ()
    truth = found.parts.truth(metric, part)
    D = discriminant.of(found.scores.whole(metric, part, name)[truth.counts])
    edges, drawn = histograms(D, truth.y, truth.w, truth.groups, len(classes))
    return tuple(edges.tolist()), tuple(
        DiscriminantHistogram(class_=label, density=tuple(each["density"]), error=tuple(each["error"]))
        for label, each in zip(classes, drawn, strict=True)
    )


def check(prepared: Prepared) -> None:
    """Raise what is wrong with the mixture, before anything is fitted."""
    spec, asked, classes = prepared.spec, prepared.spec.evaluate.background, prepared.data.classes
    if asked is None:
        return
    if prepared.n_classes is None or classes is None:
        raise spec.error("evaluate.background", "shares are of the classes of a classification; remove them.")
    signal = spec.evaluate.signal or classes[-1]
    if signal not in classes:
        raise spec.error("evaluate.signal", f"'{signal}' is no class; {_expected(signal, classes)}")
    others = [name for name in classes if name != signal]
    for name in asked:
        if name == signal:
            raise spec.error("evaluate.background", f"'{name}' is the signal; expected {', '.join(others)}.")
        if name not in classes:
            raise spec.error("evaluate.background", f"'{name}' is no class; {_expected(name, others)}")
    if absent := [name for name in others if name not in asked]:
        raise spec.error(
            "evaluate.background", f"'{absent[0]}' has no share; give it one, 0 if it is none of it."
        )


def _expected(word: str, options: Any) -> str:
    return f"expected one of {', '.join(options)}.{did_you_mean(word, options)}"


ANALYSIS = Analysis("discriminant", check=check, experiment=OfMixture)
"""``[evaluate] background`` asks for it."""
