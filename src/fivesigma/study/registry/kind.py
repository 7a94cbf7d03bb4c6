"""What the study knows of a model: how to build it, what it may be told, what it costs, when to choose it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any, Protocol

from fivesigma._core.errors import InputError, absent, did_you_mean
from fivesigma.features.members import Members
from fivesigma.models.spaces import Choice, Range, Space

LARGE = 200_000
"""Training events above which a line-up that nobody chose does less of each model."""
_TWO_DIGITS = Context(prec=2, rounding=ROUND_DOWN)


class Allowed(Protocol):
    """What a setting may be that is no number and no word."""

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is possible."""


@dataclass(frozen=True)
class Parameter:
    """One setting: its sensible fixed value, what a user may give, where tuning looks (None: nowhere).

    ``of_task`` narrows what may be given where that depends on the task. One that is ``optional`` has no default: it is
    there where it is given.
    """

    default: Any
    allowed: Space | Allowed
    search: Space | None = None
    of_task: Mapping[str, Allowed] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Request:
    """What a builder is asked for: all parameters are there, ``n_columns`` is what the model will see.

    ``seed`` is of the model's own randomness; ``deal`` of its inner folds, None for the same. ``symmetries`` and
    ``members`` are what the study declares of its events.
    """

    task: str
    params: Mapping[str, Any]
    seed: int = 0
    n_columns: int = 1
    deal: int | None = None
    symmetries: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)

    @property
    def dealt(self) -> int:
        """The seed that deals rows into inner folds."""
        return self.seed if self.deal is None else self.deal

    @property
    def classifies(self) -> bool:
        """Whether a classifier is asked for."""
        return self.task == "classification"


Builder = Callable[[Request], Any]
"""Request -> an unfitted estimator."""

Interpolates = Callable[[Mapping[str, Any], int, int], bool]
"""(all parameters, n events, p columns) -> whether a fit goes through its events."""


def _goes(params: Mapping[str, Any]) -> None:
    """Any parameters that are possible alone go together."""


def _values(params: Mapping[str, Any]) -> bool:
    """A model looks at the values of its columns."""
    return False


def _never(params: Mapping[str, Any], n: int, p: int) -> bool:
    return False


CostLaw = Callable[[float, float, float], float]
"""(n rows, p columns, K classes or 1) -> seconds of one fit and the prediction of n/4 rows on one core."""


@dataclass(frozen=True)
class Probes:
    """Parameters of a less and of a more flexible model of the same family; None at an end of the family."""

    less: Mapping[str, Any] | None = None
    more: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ModelKind:
    """One model: all the study needs to know of it.

    Attributes
    ----------
    name, when : the name in a study file, and one line on when to choose it
    tasks : the tasks that it can do
    build : makes the unfitted estimator
    parameters : the settings by name
    cost : seconds as a function of rows, columns and classes
    weights : False where event weights cannot be used in the fit (the scores stay weighted)
    negative : by task, why it cannot be fitted with negative weights; {} where it can, or nobody knows
    standardise : wants columns of one scale
    native_nan : takes NaN as it is
    cuts : is made of cuts on columns, so that an angle tells it as much as its sine and cosine
    ranks : parameters -> whether it gets the ranks of each column's values: it asks of a column on which side of a cut
        a value lies, and nothing else, and reads them as float32
    several : fits several targets at once; of other kinds each target has a fit of its own
    flexibility : (parameter, factor towards the less flexible), or None
    stochastic : depends on the seed
    calibrated : classifiers that have scores only and get probabilities from inner folds
    lineup : part of the default line-up
    penalties, losses : what its regularisation path may have, the first by default; () for kinds without a path. Of a
        kind without one ``losses`` are what its setting of that name may be
    linear : its model has a coefficient a column
    folded : is fitted as a path always, not only where the study gives keys of one
    scale_free : its λ has no units, so that one span of λ suits every target
    density : a clustering that has a density, so that events held out by folds judge it
    labels_others : False of a clustering that labels the events it is fitted to and no others
    interpolates : whether fits go smoothly through the events they are given, or nearly: then copies of an event tell
        them nothing, and refits are to parts of the events
    again : settings of its refits where those of the fit would be dear: one chain in place of several
    minimiser : the method of scipy.optimize.minimize that makes its path; None for our own solvers
    stops : whether ``early_stopping`` is a setting of its own; of other kinds rounds are chosen around them
    nested : whether one fit holds the models of every smaller ``max_depth``
    drawn : how many of very many events a line-up that nobody chose draws for a tree at most, by ``max_samples``;
        None for any
    data : the kinds of X that it takes, as `fivesigma.data.dataset.Dataset.kind` has them
    members : takes rows of a table as sets, of which the study names the columns of each member
    given : is not fitted here: its scores are read from a table
    needs : (module, extra) without which it is skipped; None where the core is enough
    """

    name: str
    when: str
    tasks: tuple[str, ...]
    build: Builder
    cost: CostLaw
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    weights: bool = True
    negative: Mapping[str, str] = field(default_factory=dict)
    standardise: bool = False
    native_nan: bool = False
    cuts: bool = False
    ranks: Callable[[Mapping[str, Any]], bool] = field(default=_values)
    several: bool = False
    flexibility: tuple[str, float] | None = None
    stochastic: bool = False
    calibrated: bool = False
    lineup: bool = True
    penalties: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    linear: bool = False
    folded: bool = False
    scale_free: bool = False
    minimiser: str | None = None
    stops: bool = False
    nested: bool = False
    drawn: int | None = None
    density: bool = False
    labels_others: bool = True
    together: Callable[[Mapping[str, Any]], None] = field(default=_goes)
    interpolates: Interpolates = field(default=_never)
    again: Mapping[str, Any] = field(default_factory=dict)
    data: tuple[str, ...] = ("table",)
    members: bool = False
    given: bool = False
    needs: tuple[str, str] | None = None

    @property
    def as_they_are(self) -> tuple[str, ...]:
        """The kinds of X that it takes without being told more: of a table it may have to know members."""
        return tuple(each for each in self.data if not (each == "table" and self.members))

    @property
    def lacking(self) -> str:
        """Why it cannot be fitted here, with the install command; empty where it can."""
        return "" if self.needs is None else absent(*self.needs)

    def refuses(self, task: str) -> str:
        """Return why it cannot be fitted with negative weights, "" where it can or nobody knows."""
        if not self.weights:
            return "it takes no weights, and would count events of negative weight like all others"
        return self.negative.get(task, "")

    def large(self, n: int) -> dict[str, float]:
        """Return the settings of a line-up that nobody chose for ``n`` training events; {} where the defaults do.

        >>> from fivesigma.study.registry.registry import kind
        >>> kind("forest").large(10_000), kind("forest").large(800_000)
        ({}, {'max_samples': 0.12})
        """
        if self.drawn is None or n <= LARGE:
            return {}
        share = _TWO_DIGITS.divide(Decimal(self.drawn), Decimal(n))  # rounded down: no tree draws more
        return {"max_samples": float(share)}

    @property
    def space(self) -> dict[str, Space]:
        """Where tuning looks by default."""
        return {name: p.search for name, p in self.parameters.items() if p.search is not None}

    def checked(self, given: Mapping[str, Any], task: str | None = None) -> dict[str, Any]:
        """Return all parameters, those ``given`` over the defaults; `InputError` for an odd one.

        A ``task`` may leave less to choose from than all tasks together.
        """
        for name, value in given.items():
            self._refuse(name, value, task)
        asked = {name: p for name, p in self.parameters.items() if name in given or not p.optional}
        params = {name: given.get(name, p.default) for name, p in asked.items()}
        self.together(params)
        return params

    def _refuse(self, name: str, value: Any, task: str | None) -> None:
        """Raise `InputError` for a value that a setting cannot have, or not in this ``task``."""
        parameter = self._parameter(name)
        if not parameter.allowed.contains(value):
            raise InputError(
                f"{self.name}: {name} = {value!r} is not possible; expected {parameter.allowed}."
            )
        of_task = parameter.of_task.get(task or "", parameter.allowed)
        if not of_task.contains(value):
            raise InputError(
                f"{self.name}: {name} = {value!r} is not possible in {task}; expected {of_task}."
            )

    def differing(self, given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of ``params`` that are not what a model with the settings ``given`` has anyway."""
        own = {name: p.default for name, p in self.parameters.items()} | dict(given)
        return {name: value for name, value in params.items() if own.get(name) != value}

    def narrowed(self, tune: Mapping[str, Any] | bool, task: str | None = None) -> dict[str, Space]:
        """Return the space of a search: the registry's for ``True``, else the one the user wrote, for a ``task``.

        Two numbers are a range (whole if the parameter is, even in log where it spans a factor of 100);
        another list holds choices.
        """
        if isinstance(tune, bool):
            space = self.space if tune else {}
        else:
            space = {name: self._search(name, values) for name, values in tune.items()}
            for name, found in space.items():
                for value in found.options if isinstance(found, Choice) else ():
                    self._refuse(name, value, task)
        if not space:
            raise InputError(f"{self.name} has nothing to tune; leave out 'tune', or choose another kind.")
        return space

    def probes(self, params: Mapping[str, Any]) -> Probes:
        """Return the neighbours of ``params`` towards less and more flexible models."""
        if self.flexibility is None:
            return Probes()
        name, factor = self.flexibility
        value = self.checked(params)[name]
        if value is None:
            return Probes()
        less, more = self._stepped(name, value * factor, value), self._stepped(name, value / factor, value)
        return Probes(less, more)

    def _stepped(self, name: str, target: float, value: float) -> dict[str, Any] | None:
        allowed = self.parameters[name].allowed
        moved = allowed.clipped(target) if isinstance(allowed, Range) else value
        return None if moved == value else {name: moved}

    def grid(self, name: str, asked: Any, task: str | None = None) -> tuple[Any, ...]:
        """Return the values of the setting ``name`` that a curve is drawn over.

        ``asked`` is a list of values, a span ``{from, to, n}`` even in log, or True for where tuning looks.
        """
        parameter = self._parameter(name)
        if asked is True or isinstance(asked, Mapping):
            found = _spanned(self.name, name, parameter, {} if asked is True else asked)
        else:
            found = tuple(asked)
        for value in found:
            self._refuse(name, value, task)
        if len(set(map(repr, found))) < max(len(found), 2):
            raise InputError(
                f"{self.name}: {name} has a value twice, or one only; give two or more different ones."
            )
        numbers = not any(isinstance(value, str | bool) for value in found)
        return tuple(sorted(found)) if numbers else found

    def _parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            known = ", ".join(self.parameters) or "none"
            guess = did_you_mean(name, self.parameters)
            raise InputError(f"{self.name}: {name!r} is not one of its parameters; expected {known}.{guess}")
        return self.parameters[name]

    def _search(self, name: str, values: Any) -> Space:
        allowed = _of_one(self._parameter(name))
        if not isinstance(allowed, Range | Choice):
            raise InputError(f"{self.name}: {name} cannot be tuned; give it in params.")
        if not isinstance(values, list | tuple) or len(values) < 2:
            raise InputError(
                f"{self.name}: tune.{name} = {values!r} is not a search; expected [low, high] or choices."
            )
        for value in values:
            if not allowed.contains(value):
                raise InputError(f"{self.name}: tune.{name} holds {value!r}; expected {allowed}.")
        if len(values) > 2 or not isinstance(allowed, Range) or None in values:
            return Choice(tuple(values))
        low, high = values
        if low >= high:
            raise InputError(
                f"{self.name}: tune.{name} = [{low}, {high}] leaves no range; write [low, high] with low < high."
            )
        return Range(low, high, integer=allowed.integer, log=low > 0 and high >= 100 * low)


def _of_one(parameter: Parameter) -> Any:
    """Return what one value may be: of a parameter that may differ by member, what each may."""
    return getattr(parameter.allowed, "one", parameter.allowed)


def _spanned(kind: str, name: str, parameter: Parameter, span: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of a span, even in log; without one those where tuning looks, every whole number of a short
    range.
    """
    search, allowed = parameter.search, _of_one(parameter)
    if not span:
        if isinstance(search, Choice):
            return search.options
        if not isinstance(search, Range):
            raise InputError(f"{kind}: {name} has no range of its own; give a list of values.")
        if search.integer and not search.log and search.high - search.low < 40:
            return tuple(range(int(search.low), int(search.high) + 1))
        span = {"from": search.low, "to": search.high, "n": 12}
    if not isinstance(allowed, Range):
        raise InputError(f"{kind}: {name} takes words; give a list of them.")
    first, last, n = span["from"], span["to"], span["n"]
    if first > 0:
        ratio = (last / first) ** (1 / (n - 1))
        points = [first * ratio**i for i in range(n - 1)] + [last]
    else:  # there is no logarithm of 0
        points = [first + (last - first) * i / (n - 1) for i in range(n)]
    return tuple(dict.fromkeys(allowed.clipped(point) for point in points))
