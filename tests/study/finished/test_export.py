"""What a run found, for other tools: a format is a line in a table."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.cli import main
from fivesigma.data.dataset import Dataset
from fivesigma.study.finished.export import FORMATS, export
from fivesigma.study.study import Study


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    X = np.random.default_rng(0).normal(size=(120, 2))
    data = Dataset.from_arrays(X, X[:, 0] + 0.1 * np.cos(9.0 * X[:, 1]))
    study = Study(data, ["dummy", "linear"], split={"folds": 3}, evaluate={"bootstrap": 100, "refits": 3})
    return study.run(tmp_path_factory.mktemp("export") / "run", workers=1, progress=False).path


@pytest.mark.parametrize("format", FORMATS)
def test_a_run_becomes_files_beside_it_or_elsewhere(run, tmp_path, format):
    beside, elsewhere = export(run, format), export(run, format, tmp_path / "new" / "folder")
    assert beside[0].parent == run / format
    assert [file.name for file in beside] == [file.name for file in elsewhere]
    assert [file.read_bytes() for file in beside] == [file.read_bytes() for file in elsewhere]


def test_a_law_of_a_run_stands_in_a_table_with_its_errors(run, tmp_path):
    found = {file.name: file.read_text() for file in export(run, "latex", tmp_path)}
    assert r"\pm" in found["coefficients-1.tex"]
    assert "intercept" in found["coefficients-1.tex"]


def test_another_format_is_refused_with_those_there_are(run):
    with pytest.raises(
        InputError, match=r"'latx' is not a format; expected one of .*latex.*Did you mean 'latex'"
    ):
        export(run, "latx")


def test_what_is_no_run_is_refused_and_a_file_in_the_way_too(run, tmp_path):
    with pytest.raises(DataError, match="not a run folder"):
        export(tmp_path, "latex")
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match="choose another --out"):
        export(run, "latex", tmp_path / "taken" / "in")


def test_the_verb_says_what_it_wrote(run, tmp_path, capsys):
    assert main(["export", str(run), "--to", "latex", "-o", str(tmp_path), "--json"]) == 0
    assert str(tmp_path / "scores.tex") in capsys.readouterr().out
    assert main(["export", str(run), "--to", "word"]) == 2
    assert "latex" in capsys.readouterr().err
