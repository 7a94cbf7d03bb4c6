"""How often a 95 % interval holds what it names: one line a scene.

    python -m benchmarks.interval_coverage                       all scenes, as many studies as each asks for
    python -m benchmarks.interval_coverage --studies 200 auc-30  fewer studies, some scenes
    python -m benchmarks.interval_coverage --into docs/evidence.md

A scene draws a test set (and, for the procedure, a training set with ten refits), asks for the interval, and checks
whether it holds the truth, known in closed form or from many events. Asked for: 93.5-96.5 %, at least 93.5 % for
discrete scores, at most 98 % for careful intervals; the program ends with 1 where a scene has less than it promises.
It goes on where an earlier run of the same code was stopped.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys

from benchmarks.repeats import run
from benchmarks.scene import Coverage, Scene, scenes
from benchmarks.table import Table, asked, printed

WORDS = {"within": "93.5-96.5", "at least": "≥ 93.5", "careful": "93.5-98", "none": "none"}
TABLE = Table(
    "coverage",
    (
        "scene",
        "what the 95 % interval names",
        "asked, %",
        "covers, %",
        "below",
        "above",
        "refused",
        "width",
        "studies",
    ),
)


def line(name: str, scene: Scene, c: Coverage) -> tuple[str, ...]:
    """Return a line of the table."""
    given = max(c.given, 1)
    shares = (f"{100 * each:.1f}" for each in (c.below / given, c.above / given, c.refused / c.repeats))
    rate = f"{100 * c.rate:.1f} ± {100 * c.error:.1f}{'' if c.keeps(scene) else ' (missed)'}"
    return name, scene.names, WORDS[scene.promise], rate, *shares, f"{c.width:.3g}", str(c.repeats)


def main(arguments: list[str]) -> int:
    """Print the table; return 1 where a scene is not covered as it should be."""
    wanted, missed, lines = asked(__doc__, arguments, scenes()), [], []
    for name in printed(TABLE, wanted.names):
        scene = scenes()[name]
        c = run(name, wanted.studies or scene.studies, wanted.workers).coverage()
        lines.append(line(name, scene, c))
        TABLE.show(lines[-1])
        missed += [] if c.keeps(scene) else [name]
    wanted.keep(TABLE, lines)
    print(f"not covered: {', '.join(missed)}" if missed else "all are covered")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
