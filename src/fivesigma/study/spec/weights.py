"""``[weights]``: what training does with negative weights, and what makes weights expected yields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.data.targets import codes
from fivesigma.data.yields import Sample, cross_section, luminosity
from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import Number, Text

Positive = Annotated[Number, Field(gt=0)]
NO_SUM = (
    "sum_w is missing: the sum of weights of the sample before any selection or skim, over all its files (of NanoAOD "
    "genEventSumw of the tree Runs); the sum of the rows that are read is not it"
)


class YieldSection(Section):
    """The expected yield of one sample: by cross-section and luminosity, or by the total of the rows that are kept."""

    sigma: Text | None = None
    """Cross-section: "831 pb"."""
    filter: Positive = 1.0
    """Efficiency of the generator's filter."""
    k: Positive = 1.0
    """Factor to a higher order."""
    luminosity: Text | None = None
    """Integrated luminosity: "140 /fb"."""
    sum_w: Positive | None = None
    """Sum of weights before any selection or skim, over all files of the sample; default: what its files say."""
    total: Positive | None = None
    """In place of all these: the yield that the weights of the kept rows sum to."""

    @field_validator("sigma")
    @classmethod
    def _is_cross_section(cls, text: str | None) -> str | None:
        if text is not None:
            cross_section(text)
        return text

    @field_validator("luminosity")
    @classmethod
    def _is_luminosity(cls, text: str | None) -> str | None:
        if text is not None:
            luminosity(text)
        return text

    @model_validator(mode="after")
    def _one_way(self) -> YieldSection:
        physical = (self.sigma, self.luminosity, self.sum_w)
        if self.total is not None:
            if any(each is not None for each in physical) or (self.filter, self.k) != (1.0, 1.0):
                raise ValueError(
                    "total stands in place of sigma, filter, k, luminosity and sum_w; keep one way"
                )
            return self
        if self.sigma is None or self.luminosity is None:
            raise ValueError("a yield needs sigma, luminosity and sum_w, or total alone")
        return self

    @property
    def sample(self) -> Sample:
        """What `fivesigma.data.yields` makes weights of."""
        if self.total is not None or self.sigma is None or self.luminosity is None:
            return Sample(total=self.total)
        expected = cross_section(self.sigma) * self.filter * self.k * luminosity(self.luminosity)
        return Sample(expected=expected, sum_w=self.sum_w)


class WeightsSection(Section):
    """What training does with negative weights, and what makes weights expected yields."""

    negative: Literal["keep", "drop", "absolute", "resample"] = "keep"
    """What training does with negative weights; scores and yields keep them."""
    column: Text | None = None
    """The column whose values are the samples of ``yields``; default: the classes."""
    yields: dict[str, YieldSection] = {}
    """The expected yield of each sample, by its name."""
    background: Annotated[Number, Field(ge=0)] = 0.0
    """Relative systematic uncertainty of the background in expected significances."""
    alternatives: tuple[Text, ...] = ()
    """Columns of other weights of the same events (scales, parton densities): kept by name, never a feature."""

    @model_validator(mode="after")
    def _something_to_name(self) -> WeightsSection:
        if self.column is not None and not self.yields:
            raise ValueError("weights.column names the samples of weights.yields, and none is given")
        if self.background and not self.yields:
            raise ValueError(
                "weights.background is an uncertainty of expected significances, which need weights.yields, and none "
                "is given; declare the yield of each sample, or remove the key"
            )
        return self

    @property
    def samples(self) -> Mapping[str, Sample]:
        """The declared samples by name."""
        return {name: each.sample for name, each in self.yields.items()}

    def sample_of(self, events: Dataset) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Return the sample (n,) of each event, -1 where none is said, with the names of all.

        Raises
        ------
        InputError
            Where nothing says of which sample an event is.
        """
        if self.column is not None:
            return codes(beside(events, "column", self.column))
        if events.classes is None or events.y is None:
            raise InputError(
                "weights.yields: the events have no classes; name the samples with weights.column."
            )
        return np.asarray(events.y, dtype=np.int64), events.classes


def beside(events: Dataset, key: str, name: str) -> NDArray[Any]:
    """Return the column that ``weights.key`` names and that is no feature; `InputError` where there is none."""
    for columns in (events.extras, events.spectators):
        if name in columns:
            return columns[name]
    raise InputError(
        f"weights.{key}: the events have no column '{name}' beside their features; carry it along."
    )
