"""``[features]``: what turns columns into features."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Field,
)

from fivesigma.study.spec.section import ModelName, Section
from fivesigma.study.spec.values import (
    Flag,
    ImageFamilies,
    Reduce,
    Text,
    Whole,
)


class FeaturesSection(Section):
    """What turns columns into features."""

    standardise: Flag = True
    """Z-scores, fitted on the training rows only, for the models that need them."""
    interactions: Annotated[Whole, Field(ge=1, le=2)] = 1
    """2 adds the products of pairs of features."""
    polynomial: Annotated[Whole, Field(ge=1, le=10)] = 1
    """Powers of each feature up to this one."""
    categorical: Literal["onehot"] | None = None
    """How text columns named as features enter; without it they are refused by name."""
    missing: Literal["native", "impute", "drop"] = "native"
    """Missing values: left to models that take them, imputed with an indicator, or rows dropped."""
    reduce: Reduce = ()
    """Steps that leave fewer columns, fitted inside the rows of each fit: { kind = "pca", n = 5 }, or a list."""
    expressions: dict[ModelName, Text] = {}
    """New features by name, such as log_M = "log10(M_500)"."""
    fourvectors: dict[Text, tuple[Text, ...]] | None = None
    """Four-vectors of columns: l0 = ["lep0_pt", "lep0_eta", "lep0_phi", "lep0_E"]; names end in what they are."""
    observables: tuple[Text, ...] | None = None
    """Features computed of objects and four-vectors, each named by its expression: "mass(l0 + l1)"."""
    image: ImageFamilies | None = None
    """Of images and sequences: the families of features that models of tables get: ["moments", "power"]."""
    symmetries: tuple[Literal["rotate90", "flip", "spin-flip", "translate"], ...] | None = None
    """Of images and sequences: what should change no answer. Networks are trained by it, and every model is tested."""
    members: dict[ModelName, tuple[Text, ...]] | None = None
    """For kind = "set": columns of a table that are the features of each member: { j0 = ["j0_pt", "j0_eta"] }."""
    momentum: tuple[Text, ...] | None = None
    """The features of a member that are its four-momentum: ["pt", "eta", "phi", "mass"], or px, py, pz and energy."""
    angles: tuple[Text, ...] | None = None
    """Columns that are angles, in rad or deg: wrapped, and seen as sine and cosine by models other than trees."""
