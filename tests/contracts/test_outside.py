"""A capability adds and does not edit: a distribution of one module brings one of everything, from file to page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

HERE = Path(__file__).parent / "outsider"
FIVESIGMA = (sys.executable, "-P", "-c", "from fivesigma.cli import main; raise SystemExit(main())")


@pytest.fixture(scope="module")
def brought(tmp_path_factory) -> dict[str, str]:
    """The environment in which the distribution is installed, on a path of its own."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(HERE / "outsider.py", folder)
    about = folder / "outsider-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    shutil.copy(HERE / "entry_points.txt", about)
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    return os.environ | {"PYTHONPATH": path}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    rng = np.random.default_rng(5)
    x, other = rng.normal(size=(2, 120))
    columns = {"x": x, "other": other, "force": 2 * x + 0.3 * rng.normal(size=120)}
    folder = tmp_path_factory.mktemp("study")
    lines = [f"{name}~{value!r}" for name, values in columns.items() for value in values.tolist()]
    (folder / "spring.pairs").write_text("\n".join(lines) + "\n")
    return folder


def ran(folder: Path, environment, name: str, text: str, *options: str) -> Path:
    """Run a study in a process of its own and return its folder."""
    (folder / f"{name}.toml").write_text(text)
    out = folder / f"{name}-{'-'.join(options).replace('-', '')}"
    call = [
        *FIVESIGMA,
        "run",
        f"{name}.toml",
        "--out",
        str(out),
        "--quiet",
        *options,
    ]
    done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def record(out: Path) -> dict:
    return json.loads((out / "results.json").read_text()) | {"timing": None}


MIRRORED = """
[data]
path = "spring.pairs"
between = "~"
target = "force"

[split]
folds = 3

[[models]]
kind = "ridge"
lambdas = [0.1, 1.0]
loss = { name = "cosh", width = 0.5 }

[[models]]
kind = "linear"

[evaluate]
metric = "cubic"
bootstrap = 100
refits = 2
claim = "fitted"

[mirror]
column = "other"
"""


def test_an_analysis_a_reader_a_loss_and_a_metric_go_from_study_file_to_page(brought, table):
    one, two = (ran(table, brought, "mirrored", MIRRORED, "--workers", n) for n in "12")
    found = record(one)
    assert found == record(two)
    assert found["metric"] == "cubic"
    assert found["mirror"]["models"] == ["ridge", "linear"]
    told = [claim["text"] for claim in found["claims"] if "in the mirror" in claim["text"]]
    assert len(told) == 2
    fitted = {model["name"]: model for model in found["models"]}
    assert fitted["ridge"]["params"]["loss"] == "cosh"
    assert (
        fitted["ridge"]["scores"]["test"]["cubic"]["value"]
        < fitted["dummy"]["scores"]["test"]["cubic"]["value"]
    )
    page = (one / "report.html").read_text()
    assert "The mirror" in page
    assert "cubic error" in page
    assert (one / "figures" / "mirror.csv").is_file()
    assert "Left with other alone." in (one / "report.md").read_text()


def test_its_section_is_part_of_the_study_file_and_is_checked(brought, table):
    (table / "wrong.toml").write_text(MIRRORED.replace('column = "other"', 'colum = "other"'))
    call = [*FIVESIGMA, "check", "wrong.toml"]
    done = subprocess.run(call, cwd=table, env=brought, capture_output=True, text=True)
    assert done.returncode == 2
    assert "mirror" in done.stderr
    assert "column" in done.stderr


def test_an_option_that_a_reader_has_not_is_refused_by_name(brought, table):
    (table / "odd.toml").write_text(MIRRORED.replace('between = "~"', 'betwen = "~"'))
    call = [*FIVESIGMA, "check", "odd.toml"]
    done = subprocess.run(call, cwd=table, env=brought, capture_output=True, text=True)
    assert done.returncode == 2
    assert "between" in done.stderr


DOUBLED = """
[data]
source = "simulate:spring"
task = "doubling"

[source]
n = 150
stiffness = 3.0

[split]
folds = 3

[[models]]
name = "mean"
kind = "halver"

[[models]]
kind = "halver"
params = { column = 0 }

[evaluate]
baseline = "mean"
metric = "r2"
bootstrap = 100
refits = 2
claim = "fitted"
"""


def test_a_task_a_kind_and_a_system_go_from_study_file_to_page(brought, table):
    one, two = (ran(table, brought, "doubled", DOUBLED, "--workers", n) for n in "12")
    found = record(one)
    assert found == record(two)
    assert found["task"] == "doubling"
    assert found["best"] == "halver"
    assert found["models"][1]["scores"]["test"]["r2"]["value"] > 0.9
    assert "halver:doubled" in pl.read_parquet(one / "predictions.parquet").columns
    assert "halver" in (one / "report.html").read_text()


SKY = """
[data]
path = "sky.npz"
target = "light"
features = ["{array}"]
task = "doubling"

[split]
folds = 3

[[models]]
kind = "middle"

[[models]]
kind = "template"

[evaluate]
baseline = "middle"
metric = "r2"
bootstrap = 100
refits = 2
claim = "fitted"
"""
SHAPES = {"image": ("image", [2, 5, 6]), "spectrum": ("sequence", [3, 20]), "stars": ("set", [4, 2])}


@pytest.fixture(scope="module")
def sky(table) -> Path:
    """Images of two colours, spectra, and sets of stars some of which are not there, all as bright as ``light``."""
    rng = np.random.default_rng(3)
    light = rng.normal(size=150)
    there = rng.random((150, 4)) < 0.7
    there[:, 0] = True
    arrays = {
        name: light.reshape(-1, *[1] * len(shape)) + rng.normal(size=(150, *shape))
        for name, (_, shape) in SHAPES.items()
    }
    np.savez(table / "sky.npz", light=light, stars_mask=there, **arrays)
    return table


@pytest.mark.parametrize("array", SHAPES)
def test_events_of_any_shape_go_from_file_to_page_and_are_predicted_alike(brought, sky, array):
    kind, shape = SHAPES[array]
    one, two = (ran(sky, brought, array, SKY.format(array=array), "--workers", n) for n in "12")
    found = record(one)
    assert found == record(two)
    assert (found["data"]["kind"], found["data"]["shape"]) == (kind, shape)
    assert found["best"] == "template"
    scores = {model["name"]: model["scores"]["test"]["r2"]["value"] for model in found["models"]}
    assert scores["template"] > 0.5
    n_channels = shape[1] if kind == "set" else shape[0]
    assert [each["name"] for each in found["data"]["features"]] == [f"{array}{i}" for i in range(n_channels)]
    assert f"{kind} of {' × '.join(map(str, shape))}" in (one / "report.html").read_text()
    call = [*FIVESIGMA, "predict", str(one), "sky.npz", "--out", f"{array}.parquet", "--model", "template"]
    done = subprocess.run(call, cwd=sky, env=brought, capture_output=True, text=True)
    assert (done.returncode, "it holds outsider.Template" in done.stderr) == (2, True)  # nothing of it is run


def test_a_setting_of_columns_or_a_model_of_a_table_is_refused_of_images_in_a_sentence(brought, sky):
    wrong = {
        'kind = "halver"': "'halver' takes events of kind table, and these are of kind 'image'",
        'kind = "template"\ninteractions = 2': "interactions is of the columns of a table",
        'kind = "template"\n[explain]\npermutation = 2': "explains the columns of a table",
    }
    for text, told in wrong.items():
        (sky / "wrong.toml").write_text(SKY.format(array="image").replace('kind = "template"', text))
        call = [*FIVESIGMA, "check", "wrong.toml"]
        done = subprocess.run(call, cwd=sky, env=brought, capture_output=True, text=True)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr
