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

__all__ = [
    "PASSWORD",
    "PEOPLE",
    "BatchStatus",
    "Dataset",
    "DemoUser",
    "SchoolClass",
    "SeededAssociation",
    "SeededBatch",
    "SeededEssay",
    "SeededStudent",
    "load_dataset",
]
