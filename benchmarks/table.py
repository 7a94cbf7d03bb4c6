"""Tables of simulations: printed as they grow, and put between their marks in a document."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """A table of Markdown, whose place in a document is between ``<!-- NAME -->`` and ``<!-- end of NAME -->``."""

    name: str
    columns: tuple[str, ...]

    def show(self, line: Sequence[str]) -> None:
        """Print a line."""
        print(f"| {' | '.join(line)} |", flush=True)

    def text(self, lines: Iterable[Sequence[str]]) -> str:
        """Return the whole table."""
        rows = (self.columns, ("---",) * len(self.columns), *lines)
        return "\n".join(f"| {' | '.join(each)} |" for each in rows)

    def put(self, document: Path, lines: Iterable[Sequence[str]]) -> None:
        """Replace the table of a document; ValueError where its marks are not there."""
        first, last = f"<!-- {self.name} -->", f"<!-- end of {self.name} -->"
        pattern = f"(?<={re.escape(first)}\n).*?(?={re.escape(last)})"
        text, n = re.subn(pattern, lambda _: self.text(lines) + "\n", document.read_text(), flags=re.DOTALL)
        if n != 1:
            raise ValueError(f"{document} has {n} places between {first} and {last}; expected one.")
        document.write_text(text)


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    names: list[str]
    studies: int | None
    workers: int
    into: Path | None

    def keep(self, table: Table, lines: Iterable[Sequence[str]]) -> None:
        """Put the table into the document that was named, if one was."""
        if self.into is not None:
            table.put(self.into, lines)


def asked(what: str | None, arguments: list[str], known: Mapping[str, object]) -> Asked:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=", ".join(known))
    parser.add_argument("--studies", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--into", type=Path)
    found = parser.parse_args(arguments)
    if unknown := set(found.names) - set(known):
        parser.error(f"no scene {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return Asked(found.names or list(known), found.studies, found.workers, found.into)


def printed(table: Table, names: Iterable[str]) -> Iterator[str]:
    """Yield the names between the head of the table and how long it took."""
    start = time.perf_counter()
    table.show(table.columns)
    table.show(("---",) * len(table.columns))
    yield from names
    print(f"{time.perf_counter() - start:.0f} s")
