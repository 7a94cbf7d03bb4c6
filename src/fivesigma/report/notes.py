"""Why a model lacks what was asked of it."""

from __future__ import annotations

from typing import Any

from fivesigma.report.section import View
from fivesigma.report.text import listed, short


def notes(view: View, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return why a model lacks what was asked: one line a reason, with the models it holds for."""
    messages = view.explained.messages or {}
    names = {
        "shap": "Shapley values",
        "integrated_gradients": "integrated gradients",
        "drop_column": "refits without a column",
        "drop_best": "ablation",
    }
    reasons: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        for model, why in messages.get(key, {}).items():
            reasons.setdefault((names.get(key, key), why), []).append(model)
    return [
        {
            "text": f"{listed([short(model) for model in models])}: no {what}; {why}",
            "install": "pip install" in why,
        }
        for (what, why), models in reasons.items()
    ]
