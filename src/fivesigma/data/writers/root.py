"""ROOT: one TTree, ``events``, by uproot. The format says no units."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fivesigma._core.errors import InputError, require
from fivesigma.data.writers import refuse_arrays
from fivesigma.data.writers.plain import plain

TREE = "events"


class _Kept(io.BytesIO):
    """Bytes that stay when uproot closes their file."""

    content = b""

    def close(self) -> None:
        """Keep the content."""
        self.content = self.getvalue()
        super().close()


@dataclass(frozen=True)
class RootWriter:
    """A branch a column; text as strings."""

    suffixes: tuple[str, ...] = (".root",)

    def content(
        self, columns: Mapping[str, NDArray[Any]], units: Mapping[str, str], notes: Mapping[str, str]
    ) -> bytes:
        """Return the bytes of a file.

        Raises
        ------
        InputError
            For a name that no branch can have.
        MissingExtraError
            Without uproot.
        """
        uproot, awkward = require("uproot", "root"), require("awkward", "root")
        refuse_arrays(columns)
        for name in columns:
            if "/" in name:
                raise InputError(
                    f"column {name!r}: a branch of ROOT has no '/' in its name; rename the column."
                )
        values = {name: plain(column) for name, column in columns.items()}
        branches = {
            name: awkward.Array(each.tolist()) if each.dtype.kind == "O" else each
            for name, each in values.items()
        }
        buffer = _Kept()
        with uproot.recreate(buffer) as file:
            file.mktree(TREE, branches)
        return buffer.content


WRITER = RootWriter()
