"""Text of users made safe to show: one line, no control or direction characters, not too long."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
_RARE = re.compile(r"[^ -~]")
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """Return ``text`` in which each character that cannot be printed is U+FFFD; blanks stay as they are.

    >>> printable("a\\x07b")
    'a�b'
    """
    return _RARE.sub(lambda c: "\ufffd" if unicodedata.category(c[0]) in _UNPRINTABLE else c[0], text)


def clean(text: object) -> str:
    """Return ``text`` as one line in which each character that cannot be printed is shown as U+FFFD.

    Line breaks and tabs become blanks. Control characters are not legal in SVG, and direction overrides could
    make a name read as another. Markup is left alone: escaping is the template's work.

    >>> clean("a\\nb\\x07c")
    'a b�c'
    """
    return printable(_BLANKS.sub(" ", str(text)).strip())


def short(text: object, limit: int = 28) -> str:
    """Return the cleaned ``text``, cut to ``limit`` characters with an ellipsis.

    >>> short("gradient boosting", 9)
    'gradient…'
    """
    line = clean(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def short_product(name: str, limit: int = 34) -> str:
    """Return the name of a column for a narrow place; of a product each factor is shortened alike.

    >>> short_product("missing energy magnitude × missing energy phi")
    'missing energy… × missing energy…'
    """
    factors = name.split(" × ")
    if len(name) <= limit or len(factors) == 1:
        return short(name, limit)
    return " × ".join(short(factor, (limit - 3) // len(factors)) for factor in factors)


def labelled(name: object, unit: object = None, limit: int = 32) -> str:
    """Return ``name [unit]`` for an axis.

    >>> labelled("pt", "GeV")
    'pt [GeV]'
    """
    return f"{short(name, limit)} [{short(unit, 16)}]" if unit else short(name, limit)


def listed(names: list[str]) -> str:
    """Return names joined as in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def component(number: int, share: float) -> str:
    """Return a principal component for an axis, with its share of the variance.

    >>> component(1, 0.234), component(2, 0.0213)
    ('component 1 (23 %)', 'component 2 (2.1 %)')
    """
    return f"component {number} ({percent(share)})"


def percent(share: float) -> str:
    """Return a share in percent with two digits.

    >>> percent(0.234), percent(0.0213), percent(1.0)
    ('23 %', '2.1 %', '100 %')
    """
    return f"{100.0 * share:.{0 if share >= 0.0995 else 1}f} %"
