"""The HTML of a section as Markdown: every paragraph, list, table and figure that the page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html.parser import HTMLParser

from fivesigma.report.markup import cell, table
from fivesigma.report.plot import Plot

_HOLDS_TEXT = frozenset({"p", "li", "dt", "dd", "th", "td", "caption", "summary", "h3"})
_LISTS = frozenset({"ul", "ol", "dl"})
_FIGURE = "figure-"


def picture(plot: Plot) -> str:
    """Return a figure by the files that lie beside ``report.md``: its drawing, what is said of it, its numbers."""
    said = f"{cell(plot.title)}. {cell(plot.caption)}"
    files = f"[numbers](figures/{plot.name}.csv), [PDF](figures/{plot.name}.pdf)"
    return f"![{cell(plot.alt)}](figures/{plot.name}.svg)\n\n{said} ({files})"


def transcript(body: str, plots: Iterable[Plot]) -> str:
    """Return the HTML ``body`` of a section as Markdown in which nothing is markup but what the page has.

    Parameters
    ----------
    body : str
        What a template of ours makes: names of users stand in it as text.
    plots : Iterable of Plot
        The figures that may stand in it.

    Examples
    --------
    >>> print(transcript("<p>a <b>b</b></p><dl><div><dt>n</dt><dd>3<small>all</small></dd></div></dl>", ()))
    a b
    <BLANKLINE>
    - n: 3 (all)
    """
    reader = _Reader({plot.name: plot for plot in plots})
    reader.feed(body)
    reader.close()
    return "\n\n".join(reader.blocks)


class _Reader(HTMLParser):
    """Gathers the blocks of a section as Markdown."""

    def __init__(self, plots: Mapping[str, Plot]) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self._plots = plots
        self._said: list[str] = []
        self._term = ""
        self._items: list[str] = []
        self._rows: list[list[str]] = []
        self._in_figure = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "figure":
            self._in_figure = True
            self.blocks.append(picture(self._plots[(dict(attrs)["id"] or "").removeprefix(_FIGURE)]))
        elif tag in _HOLDS_TEXT:
            self._said = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("small", "br"):
            self._said.append(" (" if tag == "small" else " ")

    def handle_data(self, data: str) -> None:
        if not self._in_figure:
            self._said.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "figure":
            self._in_figure = False
        elif tag == "small":
            self._said.append(")")
        elif tag in ("th", "td"):
            self._rows[-1].append("".join(self._said))
        elif tag == "dt":
            self._term = f"{self._text()}: "
        elif tag in ("li", "dd"):
            self._items.append(f"- {self._term}{self._text()}")
            self._term = ""
        elif tag in ("table", *_LISTS):
            self._close(tag)
        elif tag in _HOLDS_TEXT and not self._in_figure:
            said = self._text()
            self.blocks.append(f"**{said}**" if tag in ("summary", "h3") else said)

    def _text(self) -> str:
        return cell("".join(self._said))

    def _close(self, tag: str) -> None:
        """Add what a list or a table has gathered."""
        if tag == "table" and self._rows:
            head, *rows = self._rows
            rows = [[*row, *[""] * (len(head) - len(row))] for row in rows]
            self.blocks.append(table(tuple(head), [tuple(row) for row in rows]))
        elif self._items:
            self.blocks.append("\n".join(self._items))
        self._items, self._rows = [], []
