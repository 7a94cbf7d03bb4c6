"""Whether the class fraction of a study is part of what is random: what it says, else how its classes came."""

from __future__ import annotations

import numpy as np

from fivesigma.data.dataset import Dataset
from fivesigma.study.preparation.events import FILE, PART
from fivesigma.study.prepared import ClassFraction
from fivesigma.study.spec.document import Spec


def class_fraction(spec: Spec, data: Dataset) -> ClassFraction | None:
    """Return whether a fresh data set would have another class fraction; None where no classes are learnt.

    Raises
    ------
    StudyError
        Where ``evaluate.prevalence`` is said of a study that learns no classes.
    """
    asked = spec.evaluate.prevalence
    if data.task != "classification":
        if asked is not None:
            raise spec.error(
                "evaluate.prevalence", f"the study is a {data.task}, which learns no classes; remove the key."
            )
        return None
    if asked is not None:
        return ClassFraction(asked, "the study says so")
    if spec.data.simulated is not None:
        return ClassFraction("fixed", "the events are simulated")
    if of_one_class_each(data):
        return ClassFraction("fixed", "each file holds one class")
    return ClassFraction("random", "the classes come as they are in the table")


def of_one_class_each(data: Dataset) -> bool:
    """Whether the events, those of given tests aside, come from several files that hold one class each."""
    if FILE not in data.extras or data.y is None:
        return False
    own = np.asarray(data.extras[PART] == "")
    file, y = np.asarray(data.extras[FILE], dtype=np.int64)[own], data.y[own]
    pairs = np.unique(np.column_stack([file, y]), axis=0)
    return len(pairs) > 1 and len(np.unique(pairs[:, 0])) == len(pairs)
