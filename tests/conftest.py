"""Where the real data lie, one thread for every test, and how much of what is costly is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# No test is judged by a clock, and every run tries the same inputs.
settings.register_profile("fivesigma", deadline=None, derandomize=True)
settings.load_profile("fivesigma")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; a loud skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"REAL DATA ABSENT: {SHARED} does not exist, so this test did not run")
    return SHARED


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--torture``: mutants, kills and coverage scenes in full number; a tenth of it without."""
    parser.addoption("--torture", action="store_true", help="full numbers of mutants, kills and scenes")


@pytest.fixture(scope="session")
def tenth(request: pytest.FixtureRequest):
    """The number to do of ``full``: all under ``--torture``, else a tenth, but at least one.

    A test that takes it bears the mark ``torture``; ``make torture`` runs those alone.
    """
    whole = request.config.getoption("--torture")
    return lambda full: full if whole else max(1, full // 10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse an id with an address: two workers would collect different tests."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid} holds an address; give the parameter an id of its own.")
