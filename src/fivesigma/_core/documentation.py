"""The pages of ``docs``, which are installed with the package: what hints name is there to be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fivesigma._core.commands import command
from fivesigma._core.errors import DataError, one_of

_PLACES = (Path(__file__).parents[1] / "docs", Path(__file__).parents[3] / "docs")
"""Of an installed package, and of a working copy."""


@dataclass(frozen=True)
class Page:
    """One page: what it is called, its heading, its file."""

    name: str
    title: str
    path: Path

    @property
    def text(self) -> str:
        """The page as it is written, in Markdown."""
        return self.path.read_text(encoding="utf-8")


def pages() -> tuple[Page, ...]:
    """Return the pages by name; `DataError` where they are not installed.

    >>> "study-file" in [page.name for page in pages()]
    True
    """
    folder = next((place for place in _PLACES if (place / "study-file.md").is_file()), None)
    if folder is None:
        raise DataError(f"{_PLACES[0]}: the documentation is not there; install the package again.")
    return tuple(Page(path.stem, _title(path), path) for path in sorted(folder.glob("*.md")))


def _title(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("# ")), path.stem)


def page(name: str) -> Page:
    """Return the page called ``name``, with or without its suffix; `InputError` where there is none."""
    found = {each.name: each for each in pages()}
    return found[one_of(name.removesuffix(".md"), found, "page of the documentation")]


def see(name: str) -> str:
    """Return how a page is read, for a message.

    >>> see("study-file")
    '`fivesigma docs study-file`'
    """
    return command("docs", name)
