"""One or more calls of every verb that run as they stand: the help shows them, and a test runs them.

They are told of one project: `events.csv` with a study `events.toml`, its runs `runs/first` and `runs/second`, a run
`runs/blind` that was made with --blind, newer events in `new.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "init": (
        "fivesigma init events.csv --target label --out mine.toml",
        "fivesigma init events.csv --task clustering --models k-means --out groups.toml",
    ),
    "inspect": ("fivesigma inspect events.csv", "fivesigma inspect events.csv new.csv"),
    "check": ("fivesigma check events.toml", "fivesigma check penguins-mass"),
    "run": (
        "fivesigma run events.toml --out runs/third",
        "fivesigma run events.toml --seed 2 --blind --out runs/fourth",
    ),
    "split": ("fivesigma split events.toml -o split.parquet",),
    "resume": ("fivesigma resume runs/first",),
    "unblind": ("fivesigma unblind runs/blind",),
    "report": ("fivesigma report runs/first --out first.html",),
    "compare": ("fivesigma compare runs/first runs/second",),
    "predict": ("fivesigma predict runs/first new.csv -o predicted.csv --keep event",),
    "score": ("fivesigma score runs/first new.csv",),
    "log": ("fivesigma log", "fivesigma log runs -o log.html"),
    "note": ('fivesigma note runs/second "b is the missing energy"',),
    "ledger": ("fivesigma ledger", "fivesigma ledger runs/first"),
    "export": ("fivesigma export runs/first --to latex",),
    "reproduce": ("fivesigma reproduce runs/first",),
    "simulate": ("fivesigma simulate", "fivesigma simulate mixtures -o mixtures.parquet --n 500 --seed 1"),
    "studies": ("fivesigma studies penguins-mass", "fivesigma studies penguins-mass --copy mine"),
    "models": ("fivesigma models", "fivesigma models forest"),
    "docs": ("fivesigma docs", "fivesigma docs study-file"),
    "doctor": ("fivesigma doctor",),
}


def shown(verb: str) -> str:
    """Return the examples of a verb as its help shows them, a line each.

    >>> print(shown("doctor").replace(chr(8), "").strip())
    Examples:
      fivesigma doctor
    """
    unwrapped = "\b\n"  # a paragraph that click leaves as it is
    return unwrapped + "\n".join(["Examples:", *(f"  {example}" for example in EXAMPLES[verb])])
