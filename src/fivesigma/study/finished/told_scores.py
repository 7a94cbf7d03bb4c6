"""Scores as a user asks for them: by model, part and metric, each a mapping of its value and errors; or one frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fivesigma._core.errors import did_you_mean
from fivesigma.record import leaderboard as board
from fivesigma.record.results import Results, Score
from fivesigma.report.rounding import interval_text

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, repr=False)
class Scored(Mapping[str, Any]):
    """One score: ``value``, ``low``, ``high``, ``level``, ``method``, and ``stat`` and ``train``, its errors.

    >>> scored = Scored(Score(0.8, 0.7, 0.9))
    >>> scored["value"], scored.low, dict(scored)["high"]
    (0.8, 0.7, 0.9)
    """

    score: Score

    def _items(self) -> dict[str, Any]:
        found, error = self.score, self.score.error
        return {
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "level": found.level,
            "method": found.method,
            "stat": error.stat,
            "train": error.train,
        }

    def __getitem__(self, word: str) -> Any:
        if word not in (items := self._items()):
            raise KeyError(f"{word!r}; a score has {', '.join(items)}")
        return items[word]

    def __getattr__(self, word: str) -> Any:
        if word.startswith("_") or word == "score" or word not in (items := self._items()):
            raise AttributeError(
                f"a score has no {word!r}; it has value, low, high, level, method, stat, train"
            )
        return items[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items())

    def __len__(self) -> int:
        return len(self._items())

    def __repr__(self) -> str:
        return interval_text(self.score.value, self.score.low, self.score.high)


@dataclass(frozen=True, repr=False)
class ScoresOfModel(Mapping[str, Any]):
    """The scores of one model: by part a mapping of metrics; a metric alone is that on the part claims are made on."""

    parts: Mapping[str, Mapping[str, Score]]
    judged_on: str

    def __getitem__(self, word: str) -> Any:
        if word in self.parts:
            return {name: Scored(each) for name, each in self.parts[word].items()}
        judged = self.parts.get(self.judged_on, {})
        if word in judged:
            return Scored(judged[word])
        known = [*self.parts, *judged]
        raise KeyError(
            f"{word!r} is neither a part nor a metric of this model; expected one of {', '.join(known)}."
            f"{did_you_mean(word, known)}"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __repr__(self) -> str:
        judged = self.parts.get(self.judged_on, {})
        return "{" + ", ".join(f"{name}: {Scored(each)!r}" for name, each in judged.items()) + "}"


@dataclass(frozen=True, repr=False)
class Scores(Mapping[str, ScoresOfModel]):
    """All scores of a run, by model, part and metric: ``scores["forest"]["test"]["roc_auc"]["low"]``.

    ``scores["forest"]["roc_auc"]`` is that on the part claims are made on, ``scores.frame`` all of them.
    """

    results: Results

    def _models(self) -> dict[str, ScoresOfModel]:
        judged = board.compared_on(self.results)
        return {each.name: ScoresOfModel(each.scores, judged) for each in self.results.models if each.scores}

    def __getitem__(self, name: str) -> ScoresOfModel:
        models = self._models()
        if name not in models:
            raise KeyError(
                f"{name!r} has no scores in this run; expected one of {', '.join(models)}.{did_you_mean(name, models)}"
            )
        return models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models())

    def __len__(self) -> int:
        return len(self._models())

    @property
    def frame(self) -> polars.DataFrame:
        """One line a model, part and metric: value, low, high, level, errors and method, as a polars frame."""
        import polars

        rows = [
            {"model": name, "part": part, "metric": metric, **Scored(score)}
            for name, scores in self._models().items()
            for part, each in scores.parts.items()
            for metric, score in each.items()
        ]
        kinds = dict.fromkeys(("value", "low", "high", "level", "stat", "train"), polars.Float64)
        return polars.DataFrame(rows, schema_overrides=kinds, infer_schema_length=None)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {each!r}" for name, each in self._models().items()) or "no scores"

    def _repr_html_(self) -> str:
        return str(self.frame._repr_html_())
