"""The sections of the page, in their order. A capability adds its file here, and one line to `SECTIONS`."""

from __future__ import annotations

from fivesigma.report.section import Section
from fivesigma.report.sections.ablation import ABLATION
from fivesigma.report.sections.answer import ANSWER
from fivesigma.report.sections.calibration import CALIBRATION
from fivesigma.report.sections.chains import CHAINS
from fivesigma.report.sections.claims import CLAIMS
from fivesigma.report.sections.clusters import CLUSTERS
from fivesigma.report.sections.data import DATA
from fivesigma.report.sections.effects import EFFECTS
from fivesigma.report.sections.generalisation import GENERALISATION
from fivesigma.report.sections.importance import IMPORTANCE
from fivesigma.report.sections.leaderboard import LEADERBOARD
from fivesigma.report.sections.method import METHOD
from fivesigma.report.sections.model_curves import MODEL_CURVES
from fivesigma.report.sections.orders import ORDERS
from fivesigma.report.sections.paths import PATHS
from fivesigma.report.sections.predictive import PREDICTIVE
from fivesigma.report.sections.reduction import REDUCTION
from fivesigma.report.sections.regions import REGIONS
from fivesigma.report.sections.response import COEFFICIENTS, RESIDUALS, ROC
from fivesigma.report.sections.scan import SCAN
from fivesigma.report.sections.scores import SCORES
from fivesigma.report.sections.tuning import TUNING

SECTIONS: tuple[Section, ...] = (
    ANSWER,
    SCAN,
    LEADERBOARD,
    CLAIMS,
    CLUSTERS,
    ORDERS,
    CHAINS,
    REGIONS,
    ROC,
    RESIDUALS,
    PREDICTIVE,
    COEFFICIENTS,
    PATHS,
    TUNING,
    REDUCTION,
    IMPORTANCE,
    EFFECTS,
    ABLATION,
    GENERALISATION,
    MODEL_CURVES,
    SCORES,
    CALIBRATION,
    DATA,
    METHOD,
)
