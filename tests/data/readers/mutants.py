"""Damages a file in many ways and reads each, in a process of its own with a bound on its memory.

``python -m tests.data.readers.mutants FILE OPTIONS COUNT`` prints, as JSON, how many were read, how many refused, the
refusals that are no sentence of path and next step, and what else came out. A process, as a library of C that ends it
ends the tests too.
"""

from __future__ import annotations

import importlib
import json
import random
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
MEMORY = 2**30
SECONDS = 5.0


def mutant(raw: bytes, rng: random.Random) -> bytes:
    """Cut off, flip, splice or overwrite with extreme integers."""
    data, kind = bytearray(raw), rng.randrange(4)
    if kind == 0:
        return bytes(data[: rng.randrange(len(data))])
    for _ in range(rng.randrange(1, 8)):
        at = rng.randrange(len(data))
        if kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            data[at : at + 4] = b"\xff\xff\xff\x7f"
        else:
            other = rng.randrange(len(data))
            data[at : at + 16] = data[other : other + 16]
    return bytes(data)


def damaged(path: Path, count: int, *, seed: str, modules: tuple[str, ...], **options: Any) -> dict[str, Any]:
    """Read ``count`` mutants of a file in another process, and return what came of it."""
    command = [
        sys.executable,
        "-m",
        __spec__.name,
        str(path),
        json.dumps(options),
        str(count),
        seed,
        *modules,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-3000:]}"
    return json.loads(done.stdout)


def _read(path: Path, options: dict[str, Any]) -> None:
    from fivesigma.data import readers

    reader = readers.reader_for(path, "FITS" if path.suffix == ".fits" else None)
    reader.units(path)
    with readers.opened(path, reader, options) as table:
        table.columns(table.names)
        table.lists(table.jagged)


def main() -> None:
    from time import process_time

    from fivesigma._core.errors import FivesigmaError

    path, options, count, seed = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    for module in sys.argv[5:]:
        importlib.import_module(module)
    raw, rng = path.read_bytes(), random.Random(seed)
    _read(path, options)  # what is loaded once is no memory of a mutant
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    found: dict[str, Any] = {"read": 0, "refused": 0, "unclear": [], "other": [], "slow": []}
    for number in range(count):
        path.write_bytes(mutant(raw, rng))
        started = process_time()
        try:
            _read(path, options)
            found["read"] += 1
        except FivesigmaError as error:
            found["refused"] += 1
            if str(path) not in str(error) or len(str(error)) > 300 + len(str(path)):
                found["unclear"].append(str(error))
        except BaseException as error:
            found["other"].append(f"{number}: {error!r}")
        if process_time() - started > SECONDS:
            found["slow"].append(number)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
