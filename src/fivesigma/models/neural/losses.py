"""The losses that a network can be trained with, by name: which outputs they need, and what these say."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.saved_state import SavedState
from fivesigma.models.neural import lossfunctions as codes


@dataclass(frozen=True)
class Loss:
    """A loss of the outputs of a network.

    Attributes
    ----------
    name : as a user writes it
    code : of `fivesigma.models.neural.lossfunctions`
    setting : Huber's threshold, the level of a quantile, the number of components of a mixture; 0 where it has none
    law : whether the outputs are a predictive law
    """

    name: str
    code: int
    setting: float = 0.0

    @property
    def law(self) -> bool:
        """Whether the outputs are the parameters of a law."""
        return self.code in (codes.GAUSSIAN, codes.MIXTURE)

    def n_outputs(self, n_targets: int) -> int:
        """Return how many outputs a network has for ``n_targets`` targets, or classes.

        >>> regression_loss("gaussian", 0.0).n_outputs(2)
        4
        """
        if self.code == codes.GAUSSIAN:
            return 2 * n_targets
        return 3 * int(self.setting) * n_targets if self.code == codes.MIXTURE else n_targets

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.word("name", *REGRESSION, *CLASSIFICATION)
        state.count("code", codes.SQUARED, codes.MIXTURE)
        state.number("setting", low=0.0, high=1e6)


_REGRESSION = {
    "mse": codes.SQUARED,
    "mae": codes.ABSOLUTE,
    "huber": codes.HUBER,
    "quantile": codes.QUANTILE,
    "gaussian": codes.GAUSSIAN,
    "mixture": codes.MIXTURE,
}
_SETTINGS = {"huber": (1.0, 1e-6, 1e6), "quantile": (0.5, 1e-6, 1 - 1e-6), "mixture": (3.0, 1, 100)}
"""Default, and the ends of what is possible."""

REGRESSION = tuple(_REGRESSION)
CLASSIFICATION = ("cross-entropy", "balanced", "hinge")


def regression_loss(name: str, setting: float | None = None) -> Loss:
    """Return the loss called ``name``; ``setting`` None means its default.

    Raises
    ------
    InputError
        For an unknown name, or a setting that cannot be.

    >>> regression_loss("huber").setting
    1.0
    """
    code = _REGRESSION[one_of(name, REGRESSION, "loss")]
    if name not in _SETTINGS:
        return Loss(name, code)
    default, low, high = _SETTINGS[name]
    value = default if setting is None else _number(setting)
    if not low <= value <= high or (name == "mixture" and value != int(value)):
        raise InputError(
            f"setting of the loss {name!r} is {setting!r}; expected a number from {low:g} to {high:g}."
        )
    return Loss(name, code, value)


def _number(setting: object) -> float:
    """Return a setting as a number, NaN for what is none."""
    return float(setting) if isinstance(setting, Real) and not isinstance(setting, bool) else float("nan")


def classification_loss(name: str, n_classes: int) -> Loss:
    """Return the loss called ``name`` of ``n_classes`` classes; "balanced" is cross entropy, of balanced weights.

    >>> classification_loss("cross-entropy", 2).n_outputs(1)
    1
    """
    if one_of(name, CLASSIFICATION, "loss") == "hinge":
        return Loss(name, codes.HINGE)
    return Loss(name, codes.BINARY if n_classes == 2 else codes.SOFTMAX)
