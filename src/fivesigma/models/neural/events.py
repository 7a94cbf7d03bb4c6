"""What ensembles share whose events are no rows of a table: no copy of them, answers some at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from fivesigma._core.errors import InputError, require
from fivesigma._core.threads import single_threaded
from fivesigma.models.neural.ensemble import Ensemble
from fivesigma.models.neural.eventbody import EventBody
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import Member, Rows, Shape
from fivesigma.models.neural.pixels import Pixels, parts
from fivesigma.models.neural.settings import AUTO, Settings
from fivesigma.models.neural.training import Engine

Array = NDArray[Any]

_FIXED = {
    "activation": "silu",
    "optimiser": "adamw",
    "momentum": 0.9,
    "nesterov": False,
    "engine": "torch",
    "dtype": "float32",
    "n_jobs": 1,
}
_STEPS, _FEWEST, _MOST = 800, 12, 100
"""Steps of a training whose epochs are "auto", and the fewest and the most of these."""


class EventEnsemble(Ensemble):
    """An ensemble of networks of one shape, trained by `EventBody`.

    A class that extends it has the settings of the optimiser, and says of which shape its members are.
    """

    _reads = {"dtype": (np.float64, np.float32), "allow_nd": True}  # noqa: RUF012 as scikit-learn takes it

    n_members: Any
    epochs: Any
    device: str
    event_: tuple[int, ...]

    def _settings(self, n_rows: int) -> Settings:
        """Return the settings of a training on ``n_rows``."""
        given = {name: value for name, value in self.get_params(deep=False).items() if name != "hidden"}
        given |= _FIXED
        if self.epochs == AUTO:
            steps = -(-n_rows // Settings(given).batch(n_rows)) if n_rows > 1 else 1
            given["epochs"] = max(_FEWEST, min(_MOST, -(-_STEPS // steps)))
        return Settings(given)

    def _alike(self, shape: Shape, loss: Loss, n_rows: int, *, stops: bool) -> list[Member]:
        """Return members that are all of one shape."""
        every = [shape] * int(self.n_members)
        return self._settings(n_rows).of_shapes(every, loss, n_rows, stops=stops)

    def _held(self, X: Array) -> Pixels:
        return Pixels.of(X)

    def _matrix(self, X: ArrayLike) -> Array:
        found: Array = validate_data(self, X, reset=False, **self._reads)
        return found

    def _engine(self, fit: Rows, held: Rows | None) -> Engine:
        from fivesigma.models.neural.stacked import Stacked

        return Stacked(fit, held, self.device, EventBody)

    def _outputs(self, X: ArrayLike) -> Array:
        """Return the outputs (M, n, k) of the members that are sound."""
        from fivesigma.models.neural.stacked import one_thread

        check_is_fitted(self, "_networks")
        events = self._asked(self._matrix(X))
        torch = require("torch", "neural")
        with one_thread(torch.get_num_threads()), single_threaded():
            found = [self._said_of(self._scale.rows(some)) for some in parts(events)]
        return np.concatenate(found, axis=1)

    def _said_of(self, rows: Array) -> Array:
        return np.stack([network.outputs(rows) for network in self._networks])

    def _asked(self, X: Array) -> Array:
        """Return events that are asked about; `InputError` for those of another shape than in training."""
        if X.shape[1:] != tuple(self.event_):
            raise InputError(
                f"X has shape {X.shape}; expected (n, {', '.join(map(str, self.event_))}), as in training."
            )
        return X
