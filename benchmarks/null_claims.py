"""How often "evidence" is claimed where there is none: one line a scene.

    python -m benchmarks.null_claims                            all scenes, as many studies as each asks for
    python -m benchmarks.null_claims --studies 2000 seeds       one scene
    python -m benchmarks.null_claims --into docs/evidence.md

Asked for: at most 0.5 % of studies; ends with 1 where there are more. It goes on where an earlier run of the same
code was stopped.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys

from benchmarks.repeats import run
from benchmarks.scene import ASKED, nulls
from benchmarks.table import Table, asked, printed

TABLE = Table("null", ("scene", "what is equal", "claimed, %", "upper 95 % limit, %", "studies"))


def main(arguments: list[str]) -> int:
    """Print the table; return 1 where a scene claims more than is asked for."""
    wanted, missed, lines = asked(__doc__, arguments, nulls()), [], []
    for name in printed(TABLE, wanted.names):
        null = nulls()[name]
        c = run(name, wanted.studies or null.studies, wanted.workers).claims()
        lines.append((name, null.names, f"{100 * c.rate:.2f}", f"{100 * c.limit:.2f}", str(c.repeats)))
        TABLE.show(lines[-1])
        missed += [name] if c.rate > ASKED else []
    wanted.keep(TABLE, lines)
    print(
        f"claimed more often than {ASKED:.1%}: {', '.join(missed)}"
        if missed
        else "none claims more than is asked"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
