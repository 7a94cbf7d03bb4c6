"""Multilayer perceptrons whose unit is the ensemble: all members in one pass, with their spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from fivesigma._core.checks import refuse_extreme
from fivesigma._core.errors import FitError, InputError
from fivesigma._core.saved_state import MOST, SavedState
from fivesigma.features.columns import Floats, labelled, matrix, present, weights
from fivesigma.features.scale import Scale
from fivesigma.models.neural.checkpoint import kept_at
from fivesigma.models.neural.law import MixtureLaw
from fivesigma.models.neural.losses import Loss, classification_loss, regression_loss
from fivesigma.models.neural.lossfunctions import LEAST_LOG
from fivesigma.models.neural.member import Course, Layers, Member, Rows
from fivesigma.models.neural.rows import Counted, InputScale, OutputScale, trained_on
from fivesigma.models.neural.settings import ACTIVATIONS, HELD_OUT, Settings
from fivesigma.models.neural.training import Engine, Watcher, train

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Network:
    """One trained member: the sizes of its layers, its activation and its parameters (P,)."""

    sizes: Array
    activation: str
    theta: Array

    def outputs(self, X: Array) -> Array:
        """Return the outputs (n, k) for standardised rows X (n, p)."""
        from fivesigma.models.neural.fused import outputs

        return np.asarray(outputs(self.sizes, self.activation, self.theta, X), dtype=np.float64)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        sizes = state.whole("sizes", (None,), low=1, high=MOST)
        state.expect(len(sizes) >= 2 and sizes.dtype == np.int64, "sizes", "the sizes of two or more layers")
        state.word("activation", *ACTIVATIONS)
        n = Layers(tuple(int(each) for each in sizes)).n_parameters
        state.floats("theta", (n,), dtype=getattr(self.theta, "dtype", np.float32))
        state.expect(self.theta.dtype in (np.float32, np.float64), "theta", "float32 or float64")


class _Perceptron(BaseEstimator):  # type: ignore[misc]
    """What a classifier and a regressor share."""

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        hidden: Any = (50,),
        activation: str = "relu",
        loss: str = "",
        setting: float | None = None,
        optimiser: str = "adam",
        learning_rate: Any = 0.003,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: Any = 0.0,
        clip: float = 0.0,
        schedule: str = "constant",
        batch_size: Any = "auto",
        epochs: int = 200,
        early_stopping: bool = True,
        patience: int = 20,
        validation: Any = None,
        n_members: int = 1,
        engine: str = "fused",
        dtype: str = "float32",
        n_jobs: int | None = None,
        device: str = "cpu",
        checkpoint: Any = None,
        random_state: Any = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.setting = setting
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.clip = clip
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.patience = patience
        self.validation = validation
        self.n_members = n_members
        self.engine = engine
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.device = device
        self.checkpoint = checkpoint
        self.random_state = random_state

    def _trained(
        self,
        X: Floats,
        y: Array,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        loss: Loss,
        n_targets: int,
        progress: Watcher | None,
    ) -> Self:
        """Fit to X (n, p) and y, (n, t) numbers or (n,) codes of classes."""
        settings = Settings(self.get_params(deep=False))
        settings.check()
        w = weights(sample_weight, X, negative=True)
        w, X, y, g = present(w, X, y, None if groups is None else np.asarray(groups))
        every = Counted.of(X, y, self._balanced(y, w), g)
        fit, held = self._parted(every, settings.seed)
        inputs = InputScale(Scale.of(fit.X, np.abs(fit.w)), self.dtype)
        self._targets = self._scales(fit)
        rows, out = (
            None if part is None else trained_on(inputs, part, self._scored(part.y), fit.w.mean())
            for part in (fit, held)
        )
        assert rows is not None
        stops = bool(self.early_stopping) and out is not None
        members = settings.members(X.shape[1], loss.n_outputs(n_targets), loss, len(rows), stops=stops)
        courses = [Course.begun(member, self.dtype) for member in members]
        engine = self._engine(rows, out, settings.threads())
        keep = kept_at(self.checkpoint, members, (rows, out), courses)
        with threadpool_limits(1):
            train(engine, members, courses, progress, keep)
        self._scale, self._law = inputs, loss
        return self._kept(members, courses, stops)

    def _engine(self, fit: Rows, held: Rows | None, n_threads: int) -> Engine:
        if self.engine == "torch":
            from fivesigma.models.neural.stacked import Stacked

            return Stacked(fit, held, self.device)
        from fivesigma.models.neural.fused import Fused

        return Fused(fit, held, n_threads)

    def _parted(self, every: Counted, seed: int) -> tuple[Counted, Counted | None]:
        """Return the rows to fit to and those held out, if any."""
        share = self.validation
        if share is None:
            share = HELD_OUT if self.early_stopping else 0.0
        if isinstance(share, tuple | list):
            return every, self._given(share)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 <= share <= 0.5:
            raise InputError(f"validation is {share!r}; expected a share from 0 to 0.5, or (X, y).")
        if share == 0.0 or len(every.w) < 4:
            return every, None
        return every.parted(float(share), classification=self._classifies, seed=seed)

    def _given(self, held: Any) -> Counted:
        """Return rows held out that the user brings."""
        if len(held) not in (2, 3):
            raise InputError(f"validation has {len(held)} parts; expected (X, y) or (X, y, weights).")
        X = matrix(self, held[0])
        y = self._told(np.asarray(held[1]))
        if len(y) != len(X):
            raise InputError(f"validation has {len(X)} rows of X and {len(y)} of y; expected as many.")
        return Counted(X, y, self._balanced(y, weights(held[2] if len(held) == 3 else None, X)))

    def _kept(self, members: list[Member], courses: list[Course], stops: bool) -> Self:
        """Keep what the members have learnt, and how they came to it."""
        self.failed_ = np.array([course.failed for course in courses])
        if self.failed_.all():
            raise FitError(
                f"the loss of every member left the finite numbers; lower learning_rate ({self.learning_rate}), or "
                "set clip = 1."
            )
        last = np.array([course.done for course in courses])
        chosen = np.array([int(course.told[1]) + 1 for course in courses])
        self.epoch_ = chosen if stops else last
        self.history_ = {
            "train": np.stack([course.curve[0] for course in courses]),
            "validation": np.stack([course.curve[1] for course in courses]),
        }
        self._networks = [
            Network(np.array(m.layers.sizes), m.activation, (c.best if stops else c.state[0]).copy())
            for m, c in zip(members, courses, strict=True)
            if not c.failed
        ]
        return self

    def _outputs(self, X: ArrayLike) -> Array:
        """Return the outputs (M, n, k) of the members that are sound."""
        check_is_fitted(self, "_networks")
        rows = self._scale.rows(matrix(self, X))
        with threadpool_limits(1):
            return np.stack([network.outputs(rows) for network in self._networks])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        scale = state.part("_scale", InputScale)
        state.expect(np.shape(scale.scale.unit) == (p,), "_scale", f"the scale of {p} columns")
        networks = state.parts("_networks", Network)
        state.expect(networks, "_networks", "one or more networks")
        law, k = state.part("_law", Loss), self._n_outputs(state)
        for network in networks:
            state.expect(
                network.sizes[0] == p
                and network.sizes[-1] == law.n_outputs(k)
                and network.theta.dtype == scale.dtype,
                "_networks",
                f"networks from {p} columns to {law.n_outputs(k)} outputs",
            )


def _has_law(self: MLPRegressor) -> bool:
    return self.loss in ("gaussian", "mixture")


class MLPRegressor(RegressorMixin, _Perceptron):  # type: ignore[misc]
    """An ensemble of perceptrons for numbers, one target or several learnt together.

    Inputs and targets are standardised on the rows fitted to; the members differ by their first parameters, the order
    of their batches, and by whatever is given as a list of one entry a member. Formulas of the optimisers, and how
    parameters begin, are PyTorch's. Copies of a row are one row of their summed weight.

    Parameters
    ----------
    hidden : widths of the hidden layers, as ``(50,)``, ``()`` for a linear model; or a list of such, one a member
    activation : {"relu", "tanh", "sigmoid", "silu", "gelu", "softplus"}
    loss : {"mse", "mae", "huber", "quantile", "gaussian", "mixture"}
        Of standardised targets. The last two learn a law for each row, see `predict_dist`.
    setting : float, optional
        Huber's threshold (1), the level of the quantile (0.5), the components of the mixture (3).
    optimiser : {"adam", "adamw", "sgd", "rprop", "adagrad"}
    learning_rate, weight_decay : float, or one a member
    momentum : float
        Of "sgd"; β₁ of "adam" and "adamw".
    nesterov : bool
    clip : float
        Longest gradient; 0 for any.
    schedule : {"constant", "cosine", "step"}
    batch_size : int, "full" or "auto" (a 32nd of the rows, from 32 to 512)
    epochs : int
    early_stopping : bool
        Keep the epoch with the lowest loss on rows held out, and end ``patience`` epochs after it.
    patience : int
    validation : float, (X, y) or (X, y, weights), optional
        Share of the rows held out (0.1 with ``early_stopping``, else none), or other rows.
    n_members : int
    engine : {"fused", "torch"}
        A compiled kernel a member, in threads; or all members stacked in PyTorch (extra ``[neural]``).
    dtype : {"float32", "float64"}
    n_jobs : int, optional
        Threads; all processors for None. What comes out is the same.
    device : {"cpu", "cuda"}
        Of the engine "torch".
    checkpoint : path, optional
        A file that keeps how far the training has come, about once a second: a fit that was ended goes on from there,
        on the same data and settings, to the same bits.
    random_state : int or RandomState

    Attributes
    ----------
    history_ : {"train", "validation"}: (n_members, epochs) mean losses; NaN behind the end of a training
    epoch_ : (n_members,) the epoch whose parameters are kept, from 1
    failed_ : (n_members,) whether the loss left the finite numbers: such a member predicts nothing

    Raises
    ------
    InputError
        For a setting that cannot be, or a batch larger than the data.
    FitError
        Where the loss of every member diverges.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)[:, None]
    >>> model = MLPRegressor((16,), n_members=3, epochs=100).fit(x, x[:, 0] ** 2)
    >>> mean, spread = model.predict([[0.5]], return_std=True)
    >>> bool(abs(mean[0] - 0.25) < 0.1), spread.shape
    (True, (1,))
    """

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        hidden: Any = (50,),
        activation: str = "relu",
        loss: str = "mse",
        setting: float | None = None,
        optimiser: str = "adam",
        learning_rate: Any = 0.003,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: Any = 0.0,
        clip: float = 0.0,
        schedule: str = "constant",
        batch_size: Any = "auto",
        epochs: int = 200,
        early_stopping: bool = True,
        patience: int = 20,
        validation: Any = None,
        n_members: int = 1,
        engine: str = "fused",
        dtype: str = "float32",
        n_jobs: int | None = None,
        device: str = "cpu",
        checkpoint: Any = None,
        random_state: Any = 0,
    ) -> None:
        super().__init__(
            hidden, activation, loss, setting, optimiser, learning_rate, momentum, nesterov, weight_decay, clip,
            schedule, batch_size, epochs, early_stopping, patience, validation, n_members, engine, dtype, n_jobs,
            device, checkpoint, random_state,
        )  # fmt: skip

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
        table, targets = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        targets = np.asarray(targets, dtype=np.float64)
        refuse_extreme(targets, what="y")
        self.single_ = targets.ndim == 1
        targets = targets.reshape(len(table), -1)
        loss = regression_loss(str(self.loss), self.setting)
        return self._trained(table, targets, sample_weight, groups, loss, targets.shape[1], progress)

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

    def _told(self, y: Array) -> Array:
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def _balanced(self, y: Array, w: Floats) -> Floats:
        return w

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


class MLPClassifier(ClassifierMixin, _Perceptron):  # type: ignore[misc]
    """An ensemble of perceptrons for two or more classes; the mean of the members' probabilities is the answer.

    As `MLPRegressor` but for the loss.

    Parameters
    ----------
    loss : {"cross-entropy", "balanced", "hinge"}
        "balanced" is cross entropy with classes of equal weight. The probabilities of "hinge" are the logistic
        function of its scores: an order, not calibrated.
    hidden, activation, setting, optimiser, learning_rate, momentum, nesterov, weight_decay, clip, schedule,
    batch_size, epochs, early_stopping, patience, validation, n_members, engine, dtype, n_jobs, device,
    checkpoint, random_state :
        See `MLPRegressor`; ``setting`` is not used.

    Attributes
    ----------
    classes_ : (K,) sorted labels
    history_, epoch_, failed_ : see `MLPRegressor`

    Raises
    ------
    InputError
        For a setting that cannot be, or a batch larger than the data.
    FitError
        Where the loss of every member diverges.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> MLPClassifier((16,), learning_rate=0.01).fit(X, X[:, 0] * X[:, 1] > 0).score(X, X[:, 0] * X[:, 1] > 0) > 0.9
    True
    """

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        hidden: Any = (50,),
        activation: str = "relu",
        loss: str = "cross-entropy",
        setting: float | None = None,
        optimiser: str = "adam",
        learning_rate: Any = 0.003,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: Any = 0.0,
        clip: float = 0.0,
        schedule: str = "constant",
        batch_size: Any = "auto",
        epochs: int = 200,
        early_stopping: bool = True,
        patience: int = 20,
        validation: Any = None,
        n_members: int = 1,
        engine: str = "fused",
        dtype: str = "float32",
        n_jobs: int | None = None,
        device: str = "cpu",
        checkpoint: Any = None,
        random_state: Any = 0,
    ) -> None:
        super().__init__(
            hidden, activation, loss, setting, optimiser, learning_rate, momentum, nesterov, weight_decay, clip,
            schedule, batch_size, epochs, early_stopping, patience, validation, n_members, engine, dtype, n_jobs,
            device, checkpoint, random_state,
        )  # fmt: skip

    _classifies = True

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        progress: Watcher | None = None,
    ) -> Self:
        """Fit to X ``(n, p)``, labels y ``(n,)``, weights and groups ``(n,)``; see `MLPRegressor.fit`."""
        table, target = labelled(self, X, y)
        check_classification_targets(target)
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                "y has one class only; expected at least two: a classifier has nothing to tell apart."
            )
        loss = classification_loss(str(self.loss), len(self.classes_))
        return self._trained(table, codes, sample_weight, groups, loss, self._n_scores(), progress)

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the mean score of the members: (n,) of two classes, (n, K) of more."""
        mean: Array = self._outputs(X).mean(axis=0)
        return mean[:, 0] if mean.shape[1] == 1 else mean

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
        return np.asarray(w * (each.sum() / len(each) / each)[y])

    def _scales(self, fit: Counted) -> Any:
        return None

    def _scored(self, y: Array) -> Array:
        return y[:, None].astype(np.float64)

    def _n_outputs(self, state: SavedState) -> int:
        state.labels("classes_")
        return self._n_scores()
