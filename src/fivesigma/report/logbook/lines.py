"""One entry of the logbook in words: its score, its difference over the run before, what changed, the notes."""

from __future__ import annotations

from statistics import NormalDist

from fivesigma.record.logbook import Entry, Logbook
from fivesigma.report.rounding import DASH, interval_text, plain_number, sigma
from fivesigma.report.section import metric_name
from fivesigma.report.text import short


def line(book: Logbook, entry: Entry) -> list[str]:
    """Return the cells of an entry: started, run, study, metric, score, difference, σ, openings.

    >>> one = Entry(run="runs/a", time="2026-11-29T07:21:41+00:00", study="susy", metric="r2", value=0.8, ended=True)
    >>> line(Logbook("runs", (one,)), one)
    ['2026-11-29 07:21', 'a', 'susy', 'R²', '0.8', '—', '—', '—']
    """
    return [
        day(entry.time),
        book.name(entry.run),
        entry.study or DASH,
        metric(entry),
        score(entry),
        difference(entry),
        significance(entry),
        DASH if entry.openings is None else str(entry.openings),
    ]


def day(time: str | None) -> str:
    """Return a time (UTC) to the minute.

    >>> day("2026-11-29T07:21:41+00:00"), day(None)
    ('2026-11-29 07:21', '—')
    """
    return DASH if time is None else time[:16].replace("T", " ")


def metric(entry: Entry) -> str:
    """Return the metric with its unit."""
    if entry.metric is None:
        return DASH
    return (
        f"{metric_name(entry.metric)} [{short(entry.unit, 16)}]" if entry.unit else metric_name(entry.metric)
    )


def score(entry: Entry) -> str:
    """Return the score with its interval, or what stands in its place.

    >>> score(Entry(run="a", value=0.86124, low=0.8551, high=0.8673)), score(Entry(run="a"))
    ('0.8612 [0.8551, 0.8673]', 'no record')
    >>> score(Entry(run="a", ended=True)), score(Entry(run="a", ended=True, sealed=True))
    ('none', 'sealed')
    """
    if entry.value is None:
        return "no record" if not entry.ended else "sealed" if entry.sealed else "none"
    if entry.low is None or entry.high is None:
        return plain_number(entry.value)
    return interval_text(entry.value, entry.low, entry.high)


def difference(entry: Entry) -> str:
    """Return the difference over the run before with its interval and sign; a dash where none is claimed.

    >>> difference(Entry(run="b", difference=0.0123, low_difference=0.0101, high_difference=0.0145))
    '+0.0123 [0.0101, 0.0145]'
    """
    if entry.difference is None:
        return DASH
    if entry.low_difference is None or entry.high_difference is None:
        return _with_sign(entry.difference, plain_number(entry.difference))
    text = interval_text(entry.difference, entry.low_difference, entry.high_difference)
    return _with_sign(entry.difference, text)


def _with_sign(value: float, text: str) -> str:
    return f"+{text}" if value > 0 else text


def significance(entry: Entry) -> str:
    """Return σ of the difference, and that it is not blind where it is not.

    >>> significance(Entry(run="b", sigma=7.0, blind=False)), significance(Entry(run="b"))
    ('> 5σ (not blind)', '—')
    """
    return sigma(entry.sigma) if entry.sigma is None or entry.blind else f"{sigma(entry.sigma)} (not blind)"


def remarks(book: Logbook, entry: Entry) -> list[str]:
    """Return what is said of an entry beside its notes: what changed, and why something is not there.

    >>> one = Entry(run="runs/b", before="runs/a", ended=True, changed=("study.seed = 1 in place of 0",))
    >>> remarks(Logbook("runs", (one,)), one)
    ['b differs from a: study.seed = 1 in place of 0.']
    """
    return [text for text in (changed(book, entry), entry.said) if text]


def changed(book: Logbook, entry: Entry) -> str:
    """Return how the study of an entry differs from that of the run before."""
    name = book.name(entry.run)
    if not entry.before:
        return f"{name} is the first run of its study here." if entry.ended else ""
    before = book.name(entry.before)
    if not entry.changed:
        return f"{name} and {before} are of the same study of the same data."
    return f"{name} differs from {before}: {'; '.join(entry.changed)}."


def among(book: Logbook) -> str:
    """Return what to know of σ where there are several: the more differences, the larger is one by chance."""
    n = sum(entry.sigma is not None for entry in book.entries)
    if n < 2:
        return ""
    return (
        f"Each σ is local, of its own pair: among {n} differences that are all none, one beyond "
        f"{sigma(_largest(n))} either way is as likely as not."
    )


def _largest(n: int) -> float:
    """Return the size that the largest of ``n`` independent differences reaches with probability one half.

    >>> round(_largest(1), 3), round(_largest(100), 2)
    (0.674, 2.7)
    """
    return NormalDist().inv_cdf((1.0 + 0.5 ** (1.0 / n)) / 2.0)
