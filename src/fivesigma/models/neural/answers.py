"""What the members of an ensemble say together: numbers with their spread and laws, or probabilities of classes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, log_softmax, logsumexp, softmax
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from fivesigma._core.checks import refuse_extreme
from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import Floats
from fivesigma.models.neural.ensemble import Ensemble
from fivesigma.models.neural.law import MixtureLaw
from fivesigma.models.neural.losses import Loss, classification_loss, regression_loss
from fivesigma.models.neural.lossfunctions import LEAST_LOG
from fivesigma.models.neural.rows import Counted, OutputScale
from fivesigma.models.neural.training import Watcher

Array = NDArray[Any]


def _has_law(self: EnsembleRegressor) -> bool:
    return self.loss in ("gaussian", "mixture")


class EnsembleRegressor(RegressorMixin, Ensemble):  # type: ignore[misc]
    """The answers of an ensemble for numbers, one target or several learnt together."""

    loss: Any
    setting: float | None
    _classifies = False

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        progress: Watcher | None = None,
    ) -> Self:
        """Fit to X ``(n, p)``, y ``(n,)`` or ``(n, t)``, weights and groups ``(n,)``.

        Groups stay on one side of the rows held out. ``progress(done, total)`` hears of epochs of all members.
        """
        table, targets = validate_data(self, X, y, **self._reads, multi_output=True, y_numeric=True)
        targets = np.asarray(targets, dtype=np.float64)
        refuse_extreme(targets, what="y")
        self.single_ = targets.ndim == 1
        targets = targets.reshape(len(table), -1)
        return self._trained(table, targets, sample_weight, groups, self._loss(), targets.shape[1], progress)

    def predict(self, X: ArrayLike, return_std: bool = False) -> Any:
        """Return the mean of the members, ``(n,)`` or ``(n, t)``; with ``return_std`` also their spread.

        The spread is the standard deviation between members, n_members - 1 in the denominator: of one member NaN.
        """
        each = self.predict_members(X)
        mean = each.mean(axis=0)
        if not return_std:
            return mean
        spread = each.std(axis=0, ddof=1) if len(each) > 1 else np.full_like(mean, np.nan)
        return mean, spread

    def predict_members(self, X: ArrayLike) -> Array:
        """Return what each member predicts: ``(M, n)`` or ``(M, n, t)``, without those that failed."""
        outputs = self._outputs(X)
        centre = self._components(outputs)
        values: Array = self._targets.values(
            (centre.weight * centre.centre).sum(axis=-1) if self._law.law else outputs
        )
        return values[..., 0] if self.single_ else values

    @available_if(_has_law)  # type: ignore[untyped-decorator]
    def predict_dist(self, X: ArrayLike) -> MixtureLaw:
        """Return the laws of the rows of X ``(n, p)``: mixtures of those of the members."""
        outputs = self._outputs(X)
        M, n, t = *outputs.shape[:2], len(self._targets.each)
        found = self._components(outputs)
        parts = [
            np.moveaxis(part, 0, -1).reshape(n, t, -1)
            for part in (found.weight, found.centre, found.deviation)
        ]
        weight = parts[0] / M
        centre = np.moveaxis(self._targets.values(np.moveaxis(parts[1], 1, -1)), -1, 1)
        deviation = parts[2] * self._targets.deviations[:, None]
        law = [part[:, 0] if self.single_ else part for part in (weight, centre, deviation)]
        return MixtureLaw(*law)

    def _components(self, outputs: Array) -> MixtureLaw:
        """Return the laws (M, n, t, C) of each member, of standardised targets; those of a value have no width."""
        M, n, t = *outputs.shape[:2], len(self._targets.each)
        if self._law.name == "mixture":
            parts = outputs.reshape(M, n, t, 3, -1)
            share = np.exp(parts[..., 0, :] - parts[..., 0, :].max(axis=-1, keepdims=True))
            share /= share.sum(axis=-1, keepdims=True)
            return MixtureLaw(share, parts[..., 1, :], np.exp(np.maximum(parts[..., 2, :], LEAST_LOG)))
        width = np.exp(np.maximum(outputs[..., t:], LEAST_LOG)) if self._law.law else np.zeros((M, n, t))
        return MixtureLaw(np.ones((M, n, t, 1)), outputs[..., :t, None], width[..., None])

    def _loss(self) -> Loss:
        return regression_loss("mse" if self.loss is None else str(self.loss), self.setting)

    def _told(self, y: Array) -> Array:
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def _scales(self, fit: Counted) -> Any:
        return OutputScale.of(fit.y, np.abs(fit.w))

    def _scored(self, y: Array) -> Array:
        return np.asarray(self._targets.scores(y))

    def _n_outputs(self, state: SavedState) -> int:
        state.truth("single_")
        return len(state.part("_targets", OutputScale).each)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class EnsembleClassifier(ClassifierMixin, Ensemble):  # type: ignore[misc]
    """The answers of an ensemble for two or more classes."""

    loss: Any
    _classifies = True

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        progress: Watcher | None = None,
    ) -> Self:
        """Fit to X ``(n, p)``, labels y ``(n,)``, weights and groups ``(n,)``; see `EnsembleRegressor.fit`."""
        table, target = validate_data(self, X, y, **self._reads)
        check_classification_targets(target)
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                "y has one class only; expected at least two: a classifier has nothing to tell apart."
            )
        return self._trained(table, codes, sample_weight, groups, self._loss(), self._n_scores(), progress)

    def decision_function(self, X: ArrayLike) -> Array:
        """Return scores in the order of the probabilities: of two classes the log odds (n,), of more ln p (n, K).

        Of one member of two classes they are its own outputs.
        """
        outputs = self._outputs(X)
        if outputs.shape[2] > 1:
            return np.asarray(logsumexp(log_softmax(outputs, axis=-1), axis=0) - np.log(len(outputs)))
        o = outputs[..., 0]
        return np.asarray(logsumexp(log_expit(o), axis=0) - logsumexp(log_expit(-o), axis=0))

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the mean of the members' probabilities (n, K), in the order of ``classes_``."""
        return np.asarray(self.predict_members(X).mean(axis=0))

    def predict_members(self, X: ArrayLike) -> Array:
        """Return the probabilities (M, n, K) of each member, without those that failed."""
        outputs = self._outputs(X)
        if outputs.shape[2] == 1:
            above = expit(outputs[..., 0])
            return np.stack([1.0 - above, above], axis=-1)
        return np.asarray(softmax(outputs, axis=-1))

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable class (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _loss(self) -> Loss:
        return classification_loss(
            "cross-entropy" if self.loss is None else str(self.loss), len(self.classes_)
        )

    def _n_scores(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _told(self, y: Array) -> Array:
        codes = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        if (self.classes_[codes] != y).any():
            raise InputError("validation holds a class that y does not; expected classes of y.")
        return codes

    def _balanced(self, y: Array, w: Floats) -> Floats:
        if self.loss != "balanced":
            return w
        each = np.bincount(y, weights=w, minlength=len(self.classes_))
        here = np.unique(y)
        if (each[here] <= 0).any():
            raise InputError(
                f"the weights of class {self.classes_[here[each[here] <= 0][0]]} sum to "
                f"{each[here].min():.3g}; expected a positive sum to balance the classes by: use another loss, or "
                "leave out negative weights."
            )
        each[each == 0] = 1.0
        return np.asarray(w * (each.sum() / len(each) / each)[y])

    def _scales(self, fit: Counted) -> Any:
        return None

    def _scored(self, y: Array) -> Array:
        return y[:, None].astype(np.float64)

    def _n_outputs(self, state: SavedState) -> int:
        state.labels("classes_")
        return self._n_scores()
