"""Units out of an Arrow schema: those that it holds, and none of one that is damaged."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fivesigma.data.readers.arrow_schema import units_in


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The schema of a table with nested and coded fields, metadata of its own, and units of two of its columns."""
    path: Path = tmp_path_factory.mktemp("arrow") / "t.parquet"
    inside = pa.field("a", pa.int32(), metadata={"unit": "not of a column"})
    fields = [
        pa.field("pt", pa.float64(), metadata={"unit": " GeV ", "units": "MeV"}),
        pa.field("eta", pa.float64(), metadata={"unit": ""}),
        pa.field("z", pa.dictionary(pa.int8(), pa.string()), metadata={"note": "x", "units": "mm"}),
        pa.field("nest", pa.struct([inside])),
    ]
    columns = {"pt": [1.0], "eta": [0.1], "z": ["a"], "nest": [{"a": 1}]}
    pq.write_table(pa.table(columns, schema=pa.schema(fields, metadata={"unit": "not of a column"})), path)
    return str(pl.read_parquet_metadata(path)["ARROW:schema"])


def test_the_unit_of_a_field_is_under_unit_or_units(schema: str) -> None:
    assert units_in(schema) == {"pt": "GeV", "z": "mm"}


def test_a_damaged_schema_has_no_units_and_neither_crashes_nor_hangs(schema: str) -> None:
    whole, rng = base64.b64decode(schema), np.random.default_rng(0)
    for _ in range(400):
        broken = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        for at in rng.integers(0, len(broken), 4):
            broken[at] = int(rng.choice([0, 1, 127, 255]))
        found = units_in(base64.b64encode(bytes(broken)).decode())
        assert all(isinstance(name, str) and isinstance(unit, str) for name, unit in found.items())
    assert units_in("not base64 !") == {}
