"""What the estimators of ensembles share: from a table to rows, the training, and what the members say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import FitError, InputError
from fivesigma._core.saved_state import SavedState
from fivesigma._core.threads import single_threaded
from fivesigma.features.columns import Floats, matrix, present, weights
from fivesigma.features.scale import Scale
from fivesigma.models.neural.arithmetic import WIDE
from fivesigma.models.neural.checkpoint import kept_at
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import Course, Layers, Member, Rows
from fivesigma.models.neural.rows import Counted, InputScale, trained_on
from fivesigma.models.neural.settings import HELD_OUT, seed_of
from fivesigma.models.neural.training import Engine, Watcher, train

Array = NDArray[Any]


class Ensemble(BaseEstimator):  # type: ignore[misc]
    """Fits members to standardised rows. A class that extends it says which members, by which engine, and what of
    them is kept; and has the settings ``early_stopping``, ``validation``, ``checkpoint`` and ``random_state``.
    """

    _classifies: bool
    _kept_as: type
    _reads: Mapping[str, Any] = {"dtype": np.float64}
    """How scikit-learn is to read X."""
    learning_rate: Any
    early_stopping: bool
    validation: Any
    checkpoint: Any
    random_state: Any

    @property
    def _precision(self) -> str:
        """The precision of the training."""
        return "float32"

    @property
    def loss_(self) -> str:
        """The name of the loss that it was fitted with."""
        return str(self._law.name)

    def _members(self, n_features: int, n_outputs: int, loss: Loss, fit: Rows, stops: bool) -> list[Member]:
        """Return the members; ``stops`` says whether held-out rows may end a training."""
        raise NotImplementedError

    def _engine(self, fit: Rows, held: Rows | None) -> Engine:
        """Return what trains them."""
        raise NotImplementedError

    def _network(self, member: Member, theta: Array) -> Any:
        """Return what is kept of a member with the parameters ``theta`` (P,)."""
        raise NotImplementedError

    def _held(self, X: Array) -> Any:
        """Return checked events as rows are counted and parted."""
        return X

    def _matrix(self, X: ArrayLike) -> Array:
        """Return events like those fitted to, checked."""
        return matrix(self, X)

    def _inputs(self, fit: Counted) -> Any:
        """Return the scale of the inputs."""
        return InputScale(Scale.of(fit.X, np.abs(fit.w)), self._precision)

    def _check_settings(self) -> None:
        """Raise `InputError` for the first setting that cannot be."""
        raise NotImplementedError

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
        self._check_settings()
        w = weights(sample_weight, X, negative=True)
        w, X, y, g = present(w, self._held(X), y, None if groups is None else np.asarray(groups))
        every = Counted.of(X, y, self._balanced(y, w), g)
        fit, held = self._parted(every, seed_of(self.random_state))
        _refuse_weightless(fit.w)
        inputs = self._inputs(fit)
        self._targets = self._scales(fit)
        rows, out = (
            None if part is None else trained_on(inputs, part, self._scored(part.y), fit.w.mean())
            for part in (fit, held)
        )
        assert rows is not None
        stops = bool(self.early_stopping) and out is not None
        members = self._members(X.shape[1], loss.n_outputs(n_targets), loss, rows, stops)
        courses = [Course.begun(member, self._precision) for member in members]
        engine = self._engine(rows, out)
        keep = kept_at(self.checkpoint, members, (rows, out), courses)
        with _blas_alone(members):
            train(engine, members, courses, progress, keep)
        self._scale, self._law = inputs, loss
        return self._kept(members, courses, stops)

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
        X = self._held(self._matrix(held[0]))
        y = self._told(np.asarray(held[1]))
        if len(y) != len(X):
            raise InputError(f"validation has {len(X)} rows of X and {len(y)} of y; expected as many.")
        return Counted(X, y, self._balanced(y, weights(held[2] if len(held) == 3 else None, y)))

    def _kept(self, members: Sequence[Member], courses: Sequence[Course], stops: bool) -> Self:
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
            self._network(m, (c.best if stops else c.state[0]).copy())
            for m, c in zip(members, courses, strict=True)
            if not c.failed
        ]
        return self

    def _outputs(self, X: ArrayLike) -> Array:
        """Return the outputs (M, n, k) of the members that are sound."""
        check_is_fitted(self, "_networks")
        rows = self._scale.rows(matrix(self, X))
        with single_threaded():
            return np.stack([network.outputs(rows) for network in self._networks])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        scale = state.part("_scale", InputScale)
        state.expect(np.shape(scale.scale.unit) == (p,), "_scale", f"the scale of {p} columns")
        networks = state.parts("_networks", self._kept_as)
        state.expect(networks, "_networks", "one or more networks")
        law, k = state.part("_law", Loss), self._n_outputs(state)
        for network in networks:
            state.expect(
                network.n_in == p
                and network.n_out == law.n_outputs(k)
                and network.theta.dtype == scale.dtype,
                "_networks",
                f"networks from {p} columns to {law.n_outputs(k)} outputs",
            )

    def _told(self, y: Array) -> Array:
        """Return held-out targets that the user brings as those of the fit: numbers, or codes of classes."""
        raise NotImplementedError

    def _balanced(self, y: Array, w: Floats) -> Floats:
        """Return the weights (n,) of the loss."""
        return w

    def _scales(self, fit: Counted) -> Any:
        """Return the scales of the targets."""
        raise NotImplementedError

    def _scored(self, y: Array) -> Array:
        """Return targets (n, t) as a loss takes them."""
        raise NotImplementedError

    def _n_outputs(self, state: SavedState) -> int:
        """Return the number of targets, or of scores, of a loaded state."""
        raise NotImplementedError


def _blas_alone(members: Sequence[Member]) -> AbstractContextManager[Any]:
    """Hold BLAS to one thread where a member needs it: to find it takes as long as a thousand steps of a small one."""
    small = all(isinstance(member.layers, Layers) and member.layers.widest < WIDE for member in members)
    return nullcontext() if small else single_threaded()


def _refuse_weightless(w: Floats) -> None:
    """Raise `InputError` where weights (n,) of both signs cancel: their loss has no minimum."""
    if not w.sum() > 0 and (w > 0).any():
        raise InputError(
            f"the weights of the {len(w)} different rows that are fitted to sum to {w.sum():.3g}; expected a positive "
            "sum: use more events, or leave out negative weights."
        )
