"""What the page says of the seal of its test sets: how often they were opened, and what was open before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fivesigma.record.opened import Earlier, Seen, seen_of
from fivesigma.report.rounding import count
from fivesigma.report.text import clean, listed

_NAMED = 5  # so many runs of a study are named


def openings(manifest: Mapping[str, Any]) -> int | None:
    """Return how often the most-opened test row was opened, as the ledger counted; None where it is not known."""
    ledger = manifest.get("ledger")
    found = ledger.get("openings") if isinstance(ledger, Mapping) else manifest.get("openings")
    if isinstance(found, Mapping):
        counts = [number for number in found.values() if isinstance(number, int)]
        return max(counts) if counts else None
    return found if isinstance(found, int) else None


def sentence(opened: int | None, tests: Mapping[str, Seen]) -> tuple[str, str]:
    """Return what is said of opened tests, and its mark: good where no row was open before, else a warning.

    >>> sentence(1, {"test": Seen(100, 0, 1)})
    ('This test set was opened 1 time; none of its 100 rows was open before.', 'good')
    >>> sentence(2, {"test": Seen(105, 100, 2, by=(Earlier("susy", "r0", "test", 100),))})[0]
    'The most-opened test row was opened 2 times; 100 of the 105 rows were open before, by susy (r0).'
    """
    if opened is None:
        return "How often this test set was opened is not recorded.", "warning"
    fine = opened <= 1 and not any(seen.before for seen in tests.values())
    start = (
        "This test set was opened 1 time"
        if opened <= 1
        else f"The most-opened test row was opened {opened} times"
    )
    told = [start, *(_of_rows(name, seen, several=len(tests) > 1) for name, seen in tests.items())]
    return f"{'; '.join(told)}.", "good" if fine else "warning"


def sealed(tests: Mapping[str, Seen]) -> tuple[str, str]:
    """Return what is said of tests that this run has left sealed, and its mark.

    >>> sealed({"test": Seen(40, 8, 1, by=(Earlier("susy", "r0", "test", 8),))})[0]
    'The test set is sealed; no model has been scored on it. But 8 of the 40 rows were open before, by susy (r0).'
    """
    said = [_of_rows(name, seen, several=len(tests) > 1) for name, seen in tests.items() if seen.before]
    but = f" But {'; '.join(said)}." if said else ""
    return f"The test set is sealed; no model has been scored on it.{but}", "warning" if said else "good"


def _of_rows(name: str, seen: Seen, *, several: bool) -> str:
    """Return how many rows of a test were open before, and by whom."""
    of = f"of the {count(seen.n)} rows" + (f" of “{clean(name)}”" if several else "")
    least = "at least " if seen.at_least else ""
    if seen.before:
        return f"{least}{count(seen.before)} {of} were open before, by {analyses(seen.by)}"
    if seen.at_least:
        return "earlier openings on record kept no rows, so that it may be more"
    return f"none {of}".replace("of the", "of its") + " was open before"


def of_training(manifest: Mapping[str, Any]) -> str:
    """Return which training rows were opened as a test elsewhere, "" where none is known."""
    seen = seen_of(manifest).get("train")
    if seen is None or not seen.before:
        return ""
    least = "at least " if seen.at_least else ""
    return (
        f"Of the training rows {least}{count(seen.before)} had been opened as a test by {analyses(seen.by)}."
    )


def not_blind(manifest: Mapping[str, Any], tests: Sequence[str]) -> str:
    """Return what makes the σ of a page not blind, given its opened ``tests``."""
    seen = seen_of(manifest)
    judged, rows = (seen[tests[0]], "test") if tests and tests[0] in seen else (seen["train"], "training")
    least = "at least " if judged.at_least else ""
    return (
        f"Not blind: {least}{count(judged.before)} of the {count(judged.n)} {rows} rows that σ rests on were opened "
        f"before, by {analyses(judged.by)}, and what that showed may have shaped this study; so nothing here is called "
        "an observation."
    )


def analyses(by: Sequence[Earlier]) -> str:
    """Return openings as the studies and runs that made them.

    >>> analyses([Earlier("susy", f"r{i}", "test", 9) for i in range(7)] + [Earlier("other", "x", "test", 2)])
    'susy (r0, r1, r2, r3, r4 and 2 more) and other (x)'
    """
    return listed(list(_named(by)))


def _named(by: Sequence[Earlier]) -> Iterator[str]:
    for study in dict.fromkeys(each.study for each in by):
        runs = [_short(each.run) for each in by if each.study == study]
        more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
        yield f"{clean(study)} ({', '.join(runs[:_NAMED])}{more})"


def _short(run: str) -> str:
    """Return the name of a run; of the long key of an older one its beginning."""
    key = run.partition(":")[0]
    return f"run {key[:8]}" if len(key) == 32 and ":" in run else clean(run)
