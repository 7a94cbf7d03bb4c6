"""Which features of images a model of tables got."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class ImageFeaturesRecord(Section):
    """The columns of a model where an event is an image or a sequence, and the model takes a table.

    Attributes
    ----------
    families : the families of features, with their settings, as the study file has them.
    n_columns : how many columns the model saw.
    names : the columns, the first hundred.
    """

    key, of = "image_features", "model"

    families: tuple[str, ...]
    n_columns: int
    names: tuple[str, ...]
