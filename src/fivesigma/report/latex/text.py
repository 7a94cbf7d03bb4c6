"""Text of users in LaTeX: nothing of it is a command, and every engine sets it."""

from __future__ import annotations

import re
import unicodedata

from fivesigma.report.text import clean

_COMMANDS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    # after the end of a row these would be arguments of it
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    **{character: f"\\{character}" for character in "{}$&#_%"},
}
_LETTERS = {
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}
_SIGNS = {
    "−": "-", "×": r"\times", "·": r"\cdot", "±": r"\pm", "≤": r"\le", "≥": r"\ge", "√": r"\surd", "∞": r"\infty",
    "°": r"^\circ", "⊕": r"\oplus", "∈": r"\in", "→": r"\to", "ℓ": r"\ell", "∂": r"\partial", "∑": r"\sum",
    "☉": r"\odot", "²": "^2", "³": "^3", "¹": "^1", "⁻": "^-", "₀": "_0", "₁": "_1", "₂": "_2", "µ": r"\mu",
}  # fmt: skip
_PUNCTUATION = {
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "\u202f": r"\,",
}
_ACCENTS = dict(
    zip(
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327",
        "`'^~=u.\"rHvc",
        strict=True,
    )
)
_GREEK = re.compile("GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)")
_CAPITALS = frozenset(
    ("GAMMA", "DELTA", "THETA", "LAMDA", "XI", "PI", "SIGMA", "UPSILON", "PHI", "PSI", "OMEGA")
)


def escaped(text: object) -> str:
    """Return ``text`` as one line of LaTeX in which nothing is a command.

    A character that not every engine and font has is named by its code.

    >>> escaped("m_{jj} [%] of Müller, σ ≥ 3"), escaped("日")
    ('m\\\\_\\\\{jj\\\\} {[}\\\\%{]} of M\\\\"{u}ller, $\\\\sigma$ $\\\\ge$ 3', '\\\\texttt{U+65E5}')
    """
    return "".join(map(_character, clean(text)))


def _character(character: str) -> str:
    if character in _COMMANDS:
        return _COMMANDS[character]
    if character.isascii():
        return character
    if character in _SIGNS:
        return f"${_SIGNS[character]}$"
    known = _LETTERS.get(character) or _PUNCTUATION.get(character) or _greek(character)
    return known or _accented(character) or f"\\texttt{{U+{ord(character):04X}}}"


def _greek(character: str) -> str:
    """Return a Greek letter that LaTeX has a command for; "" for any other character."""
    found = _GREEK.fullmatch(unicodedata.name(character, ""))
    if found is None or found[2] == "OMICRON" or (found[1] == "CAPITAL" and found[2] not in _CAPITALS):
        return ""
    name = found[2].replace("LAMDA", "LAMBDA")
    return f"$\\{name.lower() if found[1] == 'SMALL' else name.capitalize()}$"


def _accented(character: str) -> str:
    """Return a Latin letter with one accent as LaTeX's own command; "" for any other character."""
    parts = unicodedata.normalize("NFD", character)
    letter, mark = parts[0], parts[1:]
    if mark not in _ACCENTS or not (letter.isascii() and letter.isalpha()):
        return ""
    return f"\\{_ACCENTS[mark]}{{{letter}}}"
