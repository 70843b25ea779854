"""The demo platform's content: the same people, classes, batches and texts in every run."""

from devstack.seed.dataset import load_dataset
from devstack.seed.model import (
    BatchStatus,
    Dataset,
    SchoolClass,
    SeededAssociation,
    SeededBatch,
    SeededEssay,
    SeededStudent,
)
from devstack.seed.people import PASSWORD, PEOPLE, DemoUser
from devstack.seed.plan import TRUTH_TABLE, TruthRow
from devstack.seed.situations import Situation

__all__ = [
    "PASSWORD",
    "PEOPLE",
    "TRUTH_TABLE",
    "BatchStatus",
    "Dataset",
    "DemoUser",
    "SchoolClass",
    "SeededAssociation",
    "SeededBatch",
    "SeededEssay",
    "SeededStudent",
    "Situation",
    "TruthRow",
    "load_dataset",
]
