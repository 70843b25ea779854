"""Metrics of what an operator is told about at once: failed requests, keys that cannot be read."""

import re

from bff_core.observability.labelled import Labelled, MetricMaker

_WORD = re.compile(r"[a-z_]{1,32}")


class FailureMetrics:
    """Counts by words of ours only: what a caller or a service wrote is no label."""

    def __init__(self, make: MetricMaker) -> None:
        self._failures: Labelled = make.counter(
            "failures_total",
            "Requests that failed with 5xx, by code and, where we have a word for it, reason.",
            "code",
            "reason",
        )
        self._key_reads: Labelled = make.counter(
            "jwks_reads_total", "Reads of the published keys that verify tokens.", "outcome"
        )

    def count(self, code: str, reason: object) -> None:
        """Count a request that failed; a reason that is no word of ours counts as `other`."""
        word = "none" if reason is None else str(reason)
        self._failures.count(code, word if _WORD.fullmatch(word) else "other")

    def count_key_read(self, outcome: str) -> None:
        self._key_reads.count(outcome)
