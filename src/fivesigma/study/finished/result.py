"""What a run leaves, as an object: the record, the leaderboard, the models, the page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivesigma._core.commands import command
from fivesigma._core.errors import DataError, InputError, did_you_mean
from fivesigma.record import leaderboard as board
from fivesigma.record.opened import not_blind
from fivesigma.record.results import Claim, Results, plain
from fivesigma.record.store import RunFolder

if TYPE_CHECKING:
    import polars

    from fivesigma.study.finished.figures import Figures
    from fivesigma.study.finished.fitted_model import FittedModel
    from fivesigma.study.finished.told_scores import Scores


@dataclass(frozen=True)
class Leaderboard:
    """The models in order of their validation score, each score with its uncertainty.

    ``rows`` hold numbers; text is made on printing.
    """

    metric: str
    part: str
    rows: tuple[dict[str, Any], ...]
    further: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON's own types."""
        return {"metric": self.metric, "part": self.part, "rows": [dict(row) for row in self.rows]}

    def cells(self) -> list[list[str]]:
        """Return the table as text, without its header."""
        return [_cells(row) for row in self.rows]

    def header(self) -> list[str]:
        """Return the column titles."""
        return [
            "model",
            f"{self.metric}, validation",
            f"{self.metric}, {self.part}",
            *self.further,
            "σ vs baseline",
            "σ vs best",
        ]

    def __str__(self) -> str:
        table = [self.header(), *self.cells()]
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        return "\n".join(
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.header())
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.cells()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: dict[str, Any]) -> list[str]:
    further = row["further"]
    if row["status"] != "ok":
        return [row["model"], f"{row['status']}: {row['message']}", "", "", "", *("" for _ in further)]
    return [
        row["model"],
        _with_error(row["validation"]) if row["validation"] is not None else "none",
        _with_error(row["score"]) if row["score"] is not None or row["sealed"] else "no test set",
        *("none" if each is None else _with_error(each) for each in further.values()),
        _sigma(row["versus_baseline"]),
        "best" if row["best"] else _sigma(row["versus_best"]),
    ]


def _with_error(score: dict[str, Any] | None) -> str:
    from fivesigma.report.rounding import fixed, interval, interval_decimals, plain_number

    if score is None:
        return "sealed"
    if score["value"] is None or None in (score["low"], score["high"]) or score["high"] - score["low"] < 1e-9:
        return plain_number(score["value"])
    decimals = interval_decimals(score["low"], score["high"])
    return f"{fixed(score['value'], decimals)} [{interval(score['low'], score['high'], decimals)}]"


def _sigma(sigma: float | None) -> str:
    if sigma is None:
        return "–"
    from fivesigma.risk.evidence import sigma_text

    return sigma_text(sigma).removesuffix("σ")


def leaderboard(results: Results) -> Leaderboard:
    """Return the leaderboard of a record: by validation score, then skipped and failed models."""
    part = next(iter(board.opened_tests(results)), _without_test(results))
    rows = tuple(_row(line, results, part) for line in board.leaderboard(results))
    return Leaderboard(results.metric, part, rows, board.opened_tests(results)[1:])


def _without_test(results: Results) -> str:
    """Return the part that stands in place of a test: all events where they are cross-fitted, and no test is sealed."""
    crossfitted = board.compared_on(results) == board.CROSSFIT
    return board.CROSSFIT if crossfitted and not results.split.n_test else "test"


def _row(line: board.Line, results: Results, part: str) -> dict[str, Any]:
    record = line.model
    validation, score = (record.scores.get(where, {}).get(results.metric) for where in ("validation", part))
    tests = {
        test: record.scores.get(test, {}).get(results.metric) for test in board.opened_tests(results)[1:]
    }
    return {
        "model": record.name,
        "status": record.status,
        "message": record.message,
        "validation": None if validation is None else plain(validation),
        "score": None if score is None else plain(score),
        "further": {test: None if each is None else plain(each) for test, each in tests.items()},
        "sealed": bool(results.blind) and results.split.n_test > 0,
        "versus_baseline": line.sigma_baseline,
        "versus_best": line.sigma_best,
        "best": line.role == "best",
    }


@dataclass(frozen=True)
class Claims(Sequence[Claim]):
    """The claims of a run; prints one sentence a line."""

    items: tuple[Claim, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return "\n".join(claim.text for claim in self.items) or "no claims"

    def _repr_html_(self) -> str:
        if not self.items:
            return "<p>no claims</p>"
        return "<ul>" + "".join(f"<li>{html.escape(claim.text)}</li>" for claim in self.items) + "</ul>"


@dataclass(frozen=True)
class Result:
    """The outcome of a study: ``results`` is the record, ``path`` the run folder.

    Examples
    --------
    >>> result = load("runs/penguins")  # doctest: +SKIP
    >>> result.leaderboard()            # doctest: +SKIP
    """

    path: Path
    results: Results

    def leaderboard(self) -> Leaderboard:
        """Return the models in order, each score with its uncertainty."""
        return leaderboard(self.results)

    @cached_property
    def not_blind(self) -> bool:
        """Whether rows that its claims are made on had been opened by other runs before."""
        return not_blind(RunFolder(self.path).manifest(), board.compared_on(self.results))

    @property
    def known_before(self) -> str:
        """What makes its σ not blind, in a sentence; "" where they are blind."""
        from fivesigma.report import seal

        manifest = RunFolder(self.path).manifest() if self.not_blind else {}
        return seal.not_blind(manifest, board.opened_tests(self.results)) if self.not_blind else ""

    @property
    def claims(self) -> Claims:
        """The sentences the page makes, with effect, interval and σ."""
        from fivesigma.risk import evidence

        said = self.results.claims
        return Claims(tuple(map(evidence.not_blind, said)) if self.not_blind else said)

    @cached_property
    def predictions(self) -> polars.DataFrame:
        """What each model says of every event, one line an event, as a polars frame (``.to_pandas()`` for pandas).

        Of training rows it is what folds said that held them out; sealed rows are not in it.
        """
        import polars

        place = RunFolder(self.path).predictions
        if not place.is_file():
            raise DataError(f"{place}: is gone; copy the run folder again, or resume the run.")
        return polars.read_parquet(place)

    @property
    def scores(self) -> Scores:
        """Every score: ``scores["forest"]["test"]["roc_auc"]["low"]``, and as one frame ``scores.frame``."""
        from fivesigma.study.finished.told_scores import Scores

        return Scores(self.results)

    @cached_property
    def plot(self) -> Figures:
        """The figures of the page, each a method that returns matplotlib axes: ``plot.roc()``, ``plot.residuals()``."""
        from fivesigma.report.section import View
        from fivesigma.report.sections import with_others
        from fivesigma.study.finished.brought import page_sections
        from fivesigma.study.finished.figures import Figures

        view = View(self.results, RunFolder(self.path).manifest())
        return Figures(view, with_others(page_sections()))

    @property
    def answer(self) -> str:
        """The first sentence of the page: the answer to the study's question."""
        from fivesigma.report.answer.answers import sentence
        from fivesigma.report.section import View

        return sentence(View(self.results, RunFolder(self.path).manifest()))

    @cached_property
    def best(self) -> Any:
        """The fitted model that the validation folds chose."""
        if self.results.best is None:
            raise InputError("no model of this study could be fitted, so none is best; see the leaderboard.")
        return self.model(self.results.best)

    def model(self, name: str) -> Any:
        """Return the fitted model called ``name``, loaded without executing anything from its file."""
        from fivesigma.study.finished import fitted_model

        names = [record.name for record in self.results.models if record.status == "ok"]
        if name not in names:
            raise InputError(f"{name!r} is not a fitted model of this run; expected one of {', '.join(names)}."
                             f"{did_you_mean(name, names)}")  # fmt: skip
        from fivesigma.study.fit.saved import model_file
        from fivesigma.study.spec.models import GIVEN

        if next(record.kind for record in self.results.models if record.name == name) == GIVEN:
            raise InputError(f"{name!r} is scores that were made elsewhere: this run has no model to apply; use the "
                             "tool that made them, or another model of the run.")  # fmt: skip
        number = [record.name for record in self.results.models].index(name)
        return fitted_model.load(model_file(RunFolder(self.path), number))

    def report(self, path: str | Path | None = None) -> Path:
        """Write the page again from the record, also to ``path`` if given, and return where it is."""
        from fivesigma.report import render
        from fivesigma.study.finished.brought import page_sections

        folder = RunFolder(self.path)
        render(self.results, folder.manifest(), self.path, page_sections())
        page = self.path / "report.html"
        if path is not None:
            from fivesigma.record.store import write_bytes

            write_bytes(Path(path), page.read_bytes())
            return Path(path)
        return page

    def __repr__(self) -> str:
        found = self.results
        return f"{found.study}: {found.task}, best by validation: {found.best}\n{self.leaderboard()}"

    def _repr_html_(self) -> str:
        return self.leaderboard()._repr_html_()


def load(path: str | Path) -> Result:
    """Open a finished run folder.

    Raises
    ------
    DataError
        If it is not a run folder, or the run has not ended.
    """
    from fivesigma.study.finished.brought import record_sections

    folder = RunFolder.open(Path(path))
    if not (folder.path / "results.json").is_file():
        raise DataError(f"{path}: this run has not ended; {command('resume', path)} goes on with it.")
    return Result(Path(path), folder.results(record_sections()))


def load_model(path: str | Path, name: str | None = None) -> FittedModel:
    """Load a model that a run has saved; nothing in the file is executed.

    Parameters
    ----------
    path : a model file, or a run folder
    name : of a run folder the model, as the study calls it; default: the best by validation

    Raises
    ------
    DataError
        For a file that is absent, changed by a single byte, holds a name that is not in the table, or a state that no
        fit leaves.
    InputError
        For a name that is none of the run's.
    """
    from fivesigma.study.finished import fitted_model

    if Path(path).is_dir():
        run = load(path)
        found: FittedModel = run.best if name is None else run.model(name)
        return found
    found = fitted_model.load(path)
    if name is not None and name != found.meta["name"]:
        raise InputError(
            f"{path}: holds the model '{found.meta['name']}', not '{name}'; name its run folder."
        )
    return found
