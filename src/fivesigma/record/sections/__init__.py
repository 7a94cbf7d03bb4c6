"""The sections of the record, one frozen class each. A capability adds its file here, and a line to `SECTIONS`."""

from __future__ import annotations

from fivesigma.record.sections import (
    chains,
    coefficients,
    columns,
    curves,
    mixture,
    outputs,
    path,
    predictive,
    prevalence,
    reduction,
    regions,
    saved,
    scan,
    score_curves,
    selected,
    slices,
    stability,
    tension,
    tuning,
)
from fivesigma.record.sections.section import Section

SECTIONS: tuple[type[Section], ...] = (
    columns.HistogramsRecord,
    columns.PointsRecord,
    columns.TargetUnitRecord,
    columns.RowsOfTestsRecord,
    columns.TrainingRowsRecord,
    columns.TimeRecord,
    columns.GivenFoldsRecord,
    prevalence.PrevalenceRecord,
    regions.PlaneRecord,
    regions.RegionsRecord,
    outputs.OutputsRecord,
    score_curves.ScoreCurvesRecord,
    predictive.PredictiveRecord,
    coefficients.CoefficientsRecord,
    path.PathRecord,
    tuning.TuningRecord,
    reduction.ReductionRecord,
    curves.ValidationCurvesRecord,
    curves.LearningCurveRecord,
    curves.BiasVarianceRecord,
    curves.CurvesFailedRecord,
    mixture.MixtureRecord,
    chains.DiagnosticsRecord,
    stability.StabilityRecord,
    saved.NotSavedRecord,
    scan.ScanSettingsRecord,
    slices.SlicesRecord,
    selected.SelectedRecord,
    tension.TensionRecord,
)
"""Those that this package brings; others come as arguments of whoever reads a record or its schema."""
