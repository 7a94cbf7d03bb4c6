"""HDF5: one compound data set, ``events``, by h5py; the units stand in its attribute ``units``, one a column."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import require
from fivesigma.data.writers import refuse_arrays
from fivesigma.data.writers.plain import plain

KEY = "events"


@dataclass(frozen=True)
class Hdf5Writer:
    """Columns in their order under any name, as fields of a row."""

    suffixes: tuple[str, ...] = (".h5", ".hdf5")

    def content(
        self, columns: Mapping[str, NDArray[Any]], units: Mapping[str, str], notes: Mapping[str, str]
    ) -> bytes:
        """Return the bytes of a file.

        Raises
        ------
        MissingExtraError
            Without h5py.
        """
        h5py = require("h5py", "hdf5")
        refuse_arrays(columns)
        values = {name: plain(column) for name, column in columns.items()}
        text = h5py.string_dtype()
        rows = np.empty(
            len(next(iter(values.values()))),
            [(name, text if each.dtype.kind == "O" else each.dtype) for name, each in values.items()],
        )
        for name, each in values.items():
            rows[name] = each
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            table = file.create_dataset(KEY, data=rows)
            if units:
                table.attrs["units"] = np.array([units.get(name, "") for name in values], dtype=text)
            for word, note in notes.items():
                table.attrs[word] = note
        return buffer.getvalue()


WRITER = Hdf5Writer()
