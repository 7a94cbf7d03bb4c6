"""What is installed and what the machine has: every finding in words, and what to do where one is bad."""

from __future__ import annotations

import os

import pytest

from fivesigma._core import environment
from fivesigma._core.environment import EXTRAS, examine, installed, versions


def test_versions_are_those_of_what_computes():
    assert {"python", "fivesigma", "numpy", "scipy", "scikit-learn"} <= set(versions())
    assert installed("no-such-distribution") is None


def test_the_findings_of_a_healthy_place_are_all_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = examine()
    assert [name for name, state in found.items() if not state.ok] == []
    assert {f"[{extra}]" for extra in EXTRAS} <= set(found)
    assert int(found["cores"].value) >= 1


def test_an_absent_package_of_the_core_is_no_good_and_has_a_remedy(monkeypatch):
    monkeypatch.setattr(environment, "installed", lambda name: None)
    found = examine()
    assert not found["numpy"].ok
    assert "pip install" in found["numpy"].remedy
    assert found["[shap]"].ok
    assert found["[shap]"].remedy == "if wanted: pip install 'fivesigma[shap]'"


def test_of_boost_either_package_will_do(monkeypatch):
    monkeypatch.setattr(environment, "installed", lambda name: "3.2" if name == "xgboost-cpu" else None)
    assert examine()["[boost]"].value == "xgboost-cpu 3.2"
    assert examine()["[boost]"].remedy == ""


def test_threads_are_named_where_they_are_set(monkeypatch):
    for name in environment.THREADS:
        monkeypatch.delenv(name, raising=False)
    assert "as the libraries choose" in examine()["threads"].value
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert examine()["threads"].value == "OMP_NUM_THREADS=3"


@pytest.mark.parametrize("error", [AttributeError, ValueError, OSError])
def test_a_system_that_says_nothing_of_itself_is_no_fault(monkeypatch, error):
    def silent(name):
        raise error

    monkeypatch.setattr(os, "sysconf", silent)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert examine()["memory"].value == "the system does not say"
    assert examine()["cores"].ok


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "absent"))
    found = examine()["numba cache"]
    assert not found.ok
    assert "No such file" in found.value
    assert "NUMBA_CACHE_DIR" in found.remedy


def test_a_driver_is_seen(monkeypatch):
    monkeypatch.setattr(environment.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert "driver" in examine()["accelerator"].value
