"""Which features of images a model of tables got."""

from __future__ import annotations

from fivesigma.features.images.families import spoken
from fivesigma.record.sections.image_features import ImageFeaturesRecord
from fivesigma.study.analyses.analysis import Analysis, Fitted, OfKept

MOST_NAMED = 100


class ImageColumns(OfKept):
    """The families and columns of the kept model."""

    kept = ImageFeaturesRecord

    def section(self, fitted: Fitted) -> ImageFeaturesRecord | None:
        """Return them; None of a model that takes events as they are."""
        if not fitted.entry.image:
            return None
        return ImageFeaturesRecord(
            families=tuple(spoken(each) for each in fitted.entry.image),
            n_columns=len(fitted.names),
            names=fitted.names[:MOST_NAMED],
        )


ANALYSIS = Analysis("image_features", diagnostics=(ImageColumns(),))
