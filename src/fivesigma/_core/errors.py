"""The errors a user can meet: each one sentence of what was got, what is expected and what to do."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from collections.abc import Iterable
from types import ModuleType

MOST_NAMED = 40
"""Options that a message lists; a table may have thousands of columns."""


class FivesigmaError(Exception):
    """Base of every error that a user can cause."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args)


class InputError(FivesigmaError, ValueError):
    """A value is wrong: what was got, what is expected, what to do."""


class WrongTypeError(FivesigmaError, TypeError):
    """A value has the wrong type."""


class StudyError(InputError):
    """A study file says something it cannot say; the message names the place in the file."""


class DataError(FivesigmaError, OSError):
    """A file cannot be read as what it claims to be; the message names path, format, what and the next step."""


class FitError(FivesigmaError, RuntimeError):
    """A model could not be fitted; in a study it becomes a record with status ``failed``."""


class MissingExtraError(FivesigmaError, ImportError):
    """An optional package is absent; the message holds the command that installs it."""


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the option nearest to ``word``, or an empty string.

    >>> did_you_mean("forrest", ["forest", "tree"])
    " Did you mean 'forest'?"
    >>> did_you_mean("zzz", ["forest"])
    ''
    """
    nearness = {str(option): _nearness(word, str(option)) for option in options}
    nearest = max(nearness, key=lambda option: nearness[option], default="")
    return f" Did you mean '{nearest}'?" if nearest and nearness[nearest] >= 0.5 else ""


def _nearness(word: str, option: str) -> float:
    """Return the share of letters in common, whatever their case; of equals, the first option is taken."""
    return difflib.SequenceMatcher(None, word.lower(), option.lower()).ratio()


def one_of(word: str, options: Iterable[str], what: str) -> str:
    """Return ``word`` if it is one of ``options``, else raise `InputError` with a suggestion.

    >>> one_of("l3", ["l1", "l2"], "penalty")
    Traceback (most recent call last):
        ...
    fivesigma._core.errors.InputError: 'l3' is not a penalty; expected one of l1, l2. Did you mean 'l1'?
    """
    known = list(options)
    if word in known:
        return word
    shown = known if len(known) <= MOST_NAMED else [*known[:MOST_NAMED], f"{len(known) - MOST_NAMED} more"]
    raise InputError(
        f"{word!r} is not a {what}; expected one of {', '.join(shown)}.{did_you_mean(word, known)}"
    )


def require(module: str, extra: str) -> ModuleType:
    """Import an optional ``module`` or raise `MissingExtraError` with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(_install(module, extra)) from error


def absent(module: str, extra: str) -> str:
    """Return the sentence that `require` would raise, or an empty string; the module is not imported.

    >>> absent("numpy", "all"), absent("no_such_package", "all")
    ('', "the package 'no_such_package' is not installed; it comes with: pip install 'fivesigma[all]'")
    """
    package = module.partition(".")[0]
    return "" if importlib.util.find_spec(package) is not None else _install(package, extra)


def _install(module: str, extra: str) -> str:
    package = module.partition(".")[0]
    return f"the package '{package}' is not installed; it comes with: pip install 'fivesigma[{extra}]'"
