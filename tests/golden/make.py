"""Make the golden records anew with the code of this checkout: read README.md before.

python tests/golden/make.py [NAME ...]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import golden


def make(names: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            golden.write(name, golden.fixture(golden.carry_out(name, Path(scratch))))
            print(name)


if __name__ == "__main__":
    make(tuple(sys.argv[1:]) or golden.NAMES)
