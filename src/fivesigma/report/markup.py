"""Markdown in which nothing a user named is markup."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.report.text import clean


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table whose cells, heads too, are plain text."""
    body = ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(map(cell, head)) + " |", "|" + " --- |" * len(head), *body])


def cell(text: str) -> str:
    """Return ``text`` as one line of Markdown in which nothing is markup.

    >>> cell("a|b <i>*")
    'a\\\\|b &lt;i>\\\\*'
    """
    flat = clean(text).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for character in "|*_`[]#":
        flat = flat.replace(character, f"\\{character}")
    return flat
