"""Colours and type of the figures: one palette on paper, CSS variables on the page.

The palette is that of Okabe and Ito (2008), readable with every common colour blindness, darkened where a hue
stands below a contrast of 3 on white. On the page each colour is a CSS variable: light and dark differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

INK = "#1a1c1f"
MUTED = "#5b616b"
GRID = "#dcdfe4"
PAPER = "#fefefe"  # never the page's pure white: it is a colour drawn on purpose, such as the gap in a marker

BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#008a64"
PURPLE = "#b0568c"
ORANGE = "#b97f00"
SKY = "#2a8fc7"
BROWN = "#7a5230"
SLATE = "#525d8e"

CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BROWN, SLATE)
SIGNAL, BACKGROUND = BLUE, VERMILLION

# colour in a drawing -> (CSS variable, its value on a dark page)
VARIABLES = {
    INK: ("--ink", "#e8eaed"),
    MUTED: ("--muted", "#a3a9b3"),
    GRID: ("--grid", "#363b44"),
    PAPER: ("--paper", "#15181d"),
    BLUE: ("--blue", "#5fb8f0"),
    VERMILLION: ("--vermillion", "#ff9152"),
    GREEN: ("--green", "#35c79a"),
    PURPLE: ("--purple", "#e39ac4"),
    ORANGE: ("--orange", "#f0b93a"),
    SKY: ("--sky", "#8ad0f7"),
    BROWN: ("--brown", "#c9a17c"),
    SLATE: ("--slate", "#a3aee0"),
}

_RC = {
    "figure.dpi": 72,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "text.parse_math": False,  # a column called "$x$_{" is a name, not a formula
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "normal",
    "axes.labelsize": 10,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "axes.grid": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "butt",
    "patch.linewidth": 0.8,
    "hatch.linewidth": 0.6,
    "image.interpolation": "none",
    "svg.fonttype": "none",
    "pdf.fonttype": 3,  # an order faster to write than 42, and as sharp
    "pdf.compression": 6,
}


@contextmanager
def styled(salt: str) -> Iterator[None]:
    """Draw in the house style; ``salt`` names the drawing, so that its SVG ids are its own and repeat."""
    import matplotlib

    defaults = {
        k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith(("backend", "interactive"))
    }
    with matplotlib.rc_context({**defaults, **_RC, "svg.hashsalt": f"fivesigma-{salt}"}):
        yield


def colour(index: int) -> str:
    """Return the colour of the model or class number ``index``; after eight they repeat with another dash."""
    return CYCLE[index % len(CYCLE)]


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """Return the colour that each class has in every figure of a page: of two, background and signal have theirs.

    >>> class_colours(["b", "s"]) == {"b": BACKGROUND, "s": SIGNAL}
    True
    """
    if len(classes) == 2:
        return dict(zip(classes, (BACKGROUND, SIGNAL), strict=True))
    return {name: colour(index) for index, name in enumerate(classes)}


def dash(index: int) -> str | tuple[int, tuple[float, ...]]:
    """Return the line style of number ``index``: solid for the first eight, then dashed, then dotted."""
    return ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))[(index // len(CYCLE)) % 4]
