"""What is kept with a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fivesigma.features.images.plan import ImageFeatures
from fivesigma.features.members import Members, members_of
from fivesigma.features.plan import FeaturePlan
from fivesigma.features.reduction import steps_of
from fivesigma.record.store import RunFolder
from fivesigma.study.fit.data import Array
from fivesigma.study.fit.images import described, image_features
from fivesigma.study.fit.learned import LEARNERS
from fivesigma.study.plan import Entry
from fivesigma.study.registry.registry import kinds


def about(meta: Mapping[str, Any], entry: Entry, columns: Array) -> dict[str, Any]:
    """Return the document that is kept with a model: what its columns and its predictions mean."""
    whole, features = meta, image_features(meta, entry)
    meta = described(meta, entry)
    names = [meta["names"][i] for i in columns]
    own, known = set(names), set(meta["names"])  # ten thousand columns are looked up, not searched
    return {
        "name": entry.name,
        "kind": entry.kind,
        "params": dict(entry.params),
        "names": names,
        "units": [meta["units"][i] for i in columns],
        "categories": {name: labels for name, labels in meta["categories"].items() if name in names},
        "columns": {
            name: how | ({"labels": meta["categories"][name]} if name in meta["categories"] else {})
            for name, how in meta["columns"].items()
            if name in own or name not in known
        },
        "classes": meta["classes"],
        "task": meta["task"],
        "target": meta["target"],
        "data": meta["data"],
        **({} if meta["kind"] == "table" else {"events": meta["kind"], "shape": _shape(meta, len(columns))}),
        **({} if features is None else _of_images(whole, features)),
        **({"angles": _own_angles(meta, own)} if _own_angles(meta, own) else {}),
        **({"targets": meta["targets"]} if meta.get("targets") else {}),
        **({"target_units": meta["target_units"]} if meta.get("target_units") else {}),
    }


def _of_images(meta: Mapping[str, Any], features: ImageFeatures) -> dict[str, Any]:
    """Return what a model of image features keeps of the images that it is asked about."""
    return {
        "events": meta["kind"],
        "shape": list(meta["shape"]),
        "image": {"families": list(features.families), "channels": list(features.channels)},
    }


def _own_angles(meta: Mapping[str, Any], own: set[str]) -> dict[str, float]:
    """Return the model's columns that are wrapped, with half their period."""
    return {name: half for name, half in meta.get("angles", {}).items() if name in own}


def _shape(meta: Mapping[str, Any], n_channels: int) -> list[int]:
    """Return the shape of an event of ``n_channels`` channels or features."""
    whole = list(meta["shape"])
    return [*whole[:-1], n_channels] if meta["kind"] == "set" else [n_channels, *whole[1:]]


def model_file(folder: RunFolder, number: int) -> Path:
    """Return where the model of that number in the line-up is kept: no user's text in a path."""
    return folder.models / f"model-{number:02d}.fivesigma"


def errors_file(model: Path) -> Path:
    """Return where the errors of the predictions of a model are kept: beside it.

    >>> errors_file(Path("models/model-00.fivesigma")).name
    'model-00.errors.json'
    """
    return model.with_name(f"{model.stem}.errors.json")


def index_file(folder: RunFolder) -> Path:
    """Return where the names of models are kept with their files."""
    return folder.models / "index.json"


def _members(entry: Entry, meta: Mapping[str, Any], names: Sequence[str]) -> Members:
    """Return where members stand, for a kind that takes sets."""
    if entry.kind not in kinds() or not kinds()[entry.kind].members:
        return Members()
    return members_of(names, meta.get("members", {}), meta.get("momentum", ()))


def feature_plan(entry: Entry, meta: Mapping[str, Any]) -> FeaturePlan:
    """Return what is made of the columns before the model of ``entry``."""
    meta = described(meta, entry)
    names = tuple(meta["names"]) if entry.features is None else entry.features
    return FeaturePlan(
        names,
        {name: tuple(labels) for name, labels in meta["categories"].items() if name in names},
        missing=policy(meta["missing"], entry),
        interactions=entry.interactions,
        polynomial=entry.polynomial,
        standardise=None if meta["standardise"] else False,
        reductions=steps_of(entry.reduce),
        classification=meta["task"] == "classification",
        kind=meta.get("kind", "table"),
        learners=LEARNERS,
        symmetries=tuple(meta.get("symmetries", ())),
        members=_members(entry, meta, names),
        angles=seen_angles(entry.kind, meta["task"], meta.get("angles", {}), names),
    )


def policy(missing: str, entry: Entry) -> str:
    """Return what is done about the gaps of a model's columns: where events with gaps are dropped, those that are left
    may still have no such number as an image feature.

    >>> policy("drop", Entry("a", "tree")), policy("drop", Entry("a", "tree", image=("moments",)))
    ('drop', 'native')
    """
    return "native" if missing == "drop" and entry.image else missing


def seen_angles(
    kind: str, task: str, angles: Mapping[str, float], names: Sequence[str]
) -> Mapping[str, float]:
    """Return which of the columns ``names`` are angles of which a model sees sine and cosine.

    A model of cuts sees them as they are, and so does a clustering, whose clusters are described in the columns, and a
    model of sets, whose members are made of the columns.
    """
    able = kinds().get(kind)
    if not angles or task == "clustering" or (able is not None and (able.cuts or able.members)):
        return {}
    return {name: half for name, half in angles.items() if name in names}
