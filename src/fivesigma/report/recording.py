"""A figure drawn once: what matplotlib asks of a renderer is kept, and played to whatever writes a vector format.

Most of the time of drawing goes into finding out what to draw (ticks, the extents of texts, transforms), which is the
same for SVG and for PDF, and for the layout before them.
"""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import FigureCanvasBase, GraphicsContextBase, RendererBase
from matplotlib.figure import Figure
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Transform

Call = tuple[str, GraphicsContextBase | None, tuple[Any, ...], dict[str, Any]]


class Recording(RendererBase):
    """A renderer of ``width`` by ``height`` points that keeps what it is asked, and measures texts as SVG does."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.calls: list[Call] = []
        self._metrics, self._pixels = TextToPath(), False

    def _keep(self, name: str, gc: GraphicsContextBase | None, *arguments: Any, **options: Any) -> None:
        """Keep a call as it is now: artists change their graphics context and transforms from one to the next."""
        self.calls.append((name, _copied(self, gc), tuple(map(_frozen, arguments)), options))

    def draw_path(self, gc: Any, *arguments: Any, **options: Any) -> None:
        """Keep a path."""
        self._keep("draw_path", gc, *arguments, **options)

    def draw_markers(self, gc: Any, *arguments: Any, **options: Any) -> None:
        """Keep one marker at every point of a path."""
        self._keep("draw_markers", gc, *arguments, **options)

    def draw_path_collection(self, gc: Any, *arguments: Any, **options: Any) -> None:
        """Keep many paths."""
        self._keep("draw_path_collection", gc, *arguments, **options)

    def draw_quad_mesh(self, gc: Any, *arguments: Any, **options: Any) -> None:
        """Keep a mesh."""
        self._keep("draw_quad_mesh", gc, *arguments, **options)

    def draw_gouraud_triangles(self, gc: Any, *arguments: Any, **options: Any) -> None:
        """Keep shaded triangles."""
        self._keep("draw_gouraud_triangles", gc, *arguments, **options)

    def draw_image(self, gc: Any, *arguments: Any, **options: Any) -> None:
        """Keep an image."""
        self._keep("draw_image", gc, *arguments, **options)

    def draw_text(self, gc: Any, *arguments: Any, **options: Any) -> None:
        """Keep a line of text, whose y counts upwards."""
        self._keep("draw_text", gc, *arguments, **options)

    def start_rasterizing(self) -> None:
        """Keep that pixels begin."""
        self._pixels = True
        self._keep("start_rasterizing", None)

    def stop_rasterizing(self) -> None:
        """Keep that pixels end."""
        self._pixels = False
        self._keep("stop_rasterizing", None)

    def flipy(self) -> bool:
        """Return whether y grows downwards."""
        return False

    def option_scale_image(self) -> bool:
        """Return whether images are scaled by who shows them, as vector formats are; pixels scale none."""
        return not self._pixels

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the size in points."""
        return self.width, self.height

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
        """Return the size of a line of text in points."""
        return self._metrics.get_text_width_height_descent(s, prop, ismath)

    def play(self, renderer: Any) -> None:
        """Ask ``renderer`` all that was kept."""
        for name, gc, arguments, options in self.calls:
            draw = getattr(renderer, name)
            if gc is None:
                draw()
                continue
            if name == "draw_text" and renderer.flipy():
                x, y, *rest = arguments
                arguments = (x, self.height - y, *rest)
            draw(_copied(renderer, gc), *arguments, **options)


def _copied(renderer: Any, gc: GraphicsContextBase | None) -> GraphicsContextBase | None:
    if gc is None:
        return None
    copy: GraphicsContextBase = renderer.new_gc()
    copy.copy_properties(gc)
    return copy


def _frozen(value: Any) -> Any:
    return value.frozen() if isinstance(value, Transform) else value


class Canvas(FigureCanvasBase):
    """The canvas of a figure that is recorded: layout and drawing measure with one renderer, which keeps extents."""

    def __init__(self, figure: Figure) -> None:
        super().__init__(figure)
        self.recording = Recording(*(72.0 * figure.get_size_inches()))

    def get_renderer(self) -> Recording:
        """Return the renderer that measures."""
        return self.recording


class Played(Figure):
    """A figure that was recorded, for a canvas that writes one."""

    def __init__(self, recording: Recording) -> None:
        super().__init__((recording.width / 72.0, recording.height / 72.0), dpi=72)
        self.recording = recording

    def draw(self, renderer: Any) -> None:
        """Draw what was recorded."""
        self.recording.play(renderer)
