"""What every kind and every metric does with negative weights, found by running them: the tables of docs/weights.md.

    python -m benchmarks.negative_weights                        prints both tables
    python -m benchmarks.negative_weights --into docs/weights.md

The toy: 4,000 events, a fifth of them with weight -1 and a shape of their own, the rest so that the signed sample is
exactly that of the truth. A classifier is judged by the ROC AUC on fresh events of the truth, a regression by the error
of its mean prediction there.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fivesigma._core.errors import FivesigmaError
from fivesigma.features.plan import FeaturePlan
from fivesigma.models.signed import POLICIES, Events
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.study.fit import recipe
from fivesigma.study.registry.registry import kinds

N, NEGATIVE = 4000, 0.2
SHOWN = ("keep", "resample", "drop", "absolute")
NOT_HERE = ("own", "predictions", "poisson")
"""Kinds without a builder, and one whose targets are counts."""


def sample(rng, *, clean=False):
    """X (n, 3), classes, target and weights; of the truth alone where ``clean``."""
    negative = rng.random(N) < (0 if clean else NEGATIVE)
    y = rng.integers(0, 2, N)
    other = negative | (rng.random(N) < (0 if clean else NEGATIVE / (1 - NEGATIVE)))
    centre = np.where(other[:, None], [0.5, -0.5, 0.0], np.outer(y, [1.0, 0.6, 0.0]))
    X = rng.normal(size=(N, 3)) + centre
    t = X @ [1.0, 0.6, 0.0] + rng.normal(size=N)
    return X, y, t, np.where(negative, -1.0, 1.0)


def found(kind, task, policy):
    """What becomes of a kind: a number, or why there is none."""
    if policy == "keep" and (why := kinds()[kind].refuses(task)):
        return f"refused: {why}"
    X, y, t, w = sample(np.random.default_rng(0))
    fresh, truth, numbers, _ = sample(np.random.default_rng(1), clean=True)
    of, target = (y, y) if task == "classification" else (np.zeros(N, np.int64), t)
    trained = POLICIES[policy].weights(Events(X, w, of, np.arange(N)), np.random.default_rng(2)).w
    try:
        made = recipe.build(kind, features=FeaturePlan(("a", "b", "c")), task=task)
        fitted = recipe.fit(made, X, target, trained).estimator
        said = recipe.predict(fitted, fresh, 2 if task == "classification" else None)
    except FivesigmaError as error:
        return f"failed: {error}"
    if task == "classification":
        return f"{metric('roc_auc').value(truth, said):.3f}"
    return f"{np.sqrt(np.mean((said - numbers) ** 2)):.3f}"


def of_kinds() -> Iterator[str]:
    """Yield the lines of the table of kinds."""
    yield f"| kind | task | {' | '.join(SHOWN)} |"
    yield "|" + "---|" * (2 + len(SHOWN))
    for name, kind in kinds().items():
        here = "table" in kind.as_they_are and name not in NOT_HERE and not kind.lacking
        for task in ("classification", "regression") if here else ():
            if task in kind.tasks:
                each = [found(name, task, policy) for policy in SHOWN]
                yield f"| `{name}` | {task} | {' | '.join(each)} |"


def of_metrics() -> Iterator[str]:
    """Yield the lines of the table of metrics."""
    yield "| metric | with negative weights |"
    yield "|---|---|"
    for name, each in METRICS.items():
        yield f"| `{name}` | {f'refused: {each.unsigned}' if each.unsigned else 'its formula, by hand in the tests'} |"


def main(arguments: list[str]) -> int:
    """Print the tables, or write them into a document between their marks."""
    tables = {"kinds": "\n".join(of_kinds()), "metrics": "\n".join(of_metrics())}
    print("\n\n".join(tables.values()))
    if arguments[:1] == ["--into"]:
        page = Path(arguments[1])
        text = page.read_text(encoding="utf-8")
        for name, table in tables.items():
            marks = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
            text = re.sub(marks, lambda at, table=table: f"{at[1]}{table}\n{at[2]}", text, flags=re.DOTALL)
        page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
