"""The demo platform's content: the same people, classes, batches and texts in every run."""

from devstack.seed.dataset import load_dataset
from devstack.seed.model import (
    Association,
    Batch,
    BatchStatus,
    Dataset,
    Essay,
    SchoolClass,
    Student,
)
from devstack.seed.people import PASSWORD, PEOPLE, Person

__all__ = [
    "PASSWORD",
    "PEOPLE",
    "Association",
    "Batch",
    "BatchStatus",
    "Dataset",
    "Essay",
    "Person",
    "SchoolClass",
    "Student",
    "load_dataset",
]
