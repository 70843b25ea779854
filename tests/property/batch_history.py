"""A batch on the platform: what happens to it, and what each source shows of it by then."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from services.bff_teacher.contracts.bos import PhaseStates
from services.bff_teacher.contracts.ras import BatchSummary, EssayStage
from services.bff_teacher.truth.facts import Matching
from tests.unit.bff_teacher.fakes import a_batch
from tests.unit.bff_teacher.state_fakes import NOON, phases

ESSAYS = 3
ENDED = datetime(2026, 1, 31, 12, 5)  # noqa: DTZ001 - as RAS sends it
PIPELINES = {"cj": ("spellcheck", "cj_assessment"), "nlp": ("spellcheck", "nlp")}
DONE = "completed_successfully"

Event = Callable[[], None]
Move = Callable[[], None]


@dataclass
class ResultsAggregator:
    """RAS; events of one topic reach it in their order, or never."""

    word: str = "pending_content"
    essays: dict[int, EssayStage] = field(default_factory=dict)
    ended: bool = False
    failed: int = 0
    topics: dict[str, deque[Event]] = field(
        default_factory=lambda: {name: deque() for name in ("essays", "outcomes", "completed")}
    )

    def deliver(self, topic: str) -> None:
        if self.topics[topic]:
            self.topics[topic].popleft()()

    def lose(self, topic: str) -> None:
        if self.topics[topic]:
            self.topics[topic].popleft()

    def essay(self, number: int, phase: str, word: str) -> None:
        before = self.essays.get(number, EssayStage())
        checked = word if phase == "spellcheck" else before.spellcheck_status
        assessed = word if phase == "cj_assessment" else before.cj_assessment_status
        self.essays[number] = EssayStage(spellcheck_status=checked, cj_assessment_status=assessed)

    def outcome(self, word: str, failed: int) -> None:
        self.word, self.failed = word, failed

    def complete(self, word: str) -> None:
        self.word, self.ended, self.failed = word, True, 0

    @property
    def row(self) -> BatchSummary:
        counted = self.word != "pending_content"
        return a_batch(
            1,
            overall_status=self.word,
            essay_count=ESSAYS,
            essays=tuple(self.essays.values()),
            completed_essay_count=ESSAYS - self.failed if counted else 0,
            failed_essay_count=self.failed,
            processing_completed_at=ENDED if self.ended else None,
        )


@dataclass
class BatchHistory:
    """A batch. `generation` counts the times it really went back."""

    ras: ResultsAggregator = field(default_factory=ResultsAggregator)
    requested: tuple[str, ...] = ("spellcheck",)
    words: dict[str, str] = field(default_factory=dict)
    matching: Matching | None = None
    confirmed_at: datetime | None = None
    generation: int = 0
    is_over: bool = False

    @property
    def bos(self) -> PhaseStates:
        return phases(*self.requested, **self.words)

    @property
    def running(self) -> str | None:
        return next((one for one, word in self.words.items() if word == "dispatch_initiated"), None)

    def moves(self) -> list[Move]:
        """Events that can happen now; one that is heard of is as likely as one that happens."""
        news: list[Move] = [
            partial(hear, name)
            for name, topic in self.ras.topics.items()
            if topic
            for hear in (self.ras.deliver, self.ras.deliver, self.ras.lose)
        ]
        if self.running:
            return news + [partial(self.end_phase, failed) for failed in range(ESSAYS + 1)]
        found: list[Move] = [partial(self.start, one) for one in PIPELINES if self._order(one)]
        found += [self._dispatch_next] if self._next() else []
        found += [
            partial(self.retry, one, failed)
            for one, word in self.words.items()
            if word != "pending_dependencies"
            for failed in (0, ESSAYS)
        ]
        if self.matching:
            found += [self.let_a_day_pass, *([] if self.words else [self.confirm])]
        elif not self.words:
            found += [self.match]
        return news + found

    def match(self) -> None:
        self.matching = Matching(ESSAYS, ESSAYS, NOON)

    def confirm(self) -> None:
        self.confirmed_at = self.confirmed_at or NOON

    def let_a_day_pass(self) -> None:
        waits = self.matching and self.matching.pending
        self.matching = Matching(ESSAYS, None, NOON) if waits else Matching(ESSAYS, 0)

    def start(self, pipeline: str) -> None:
        """As BOS accepts it: at any time but while a phase runs."""
        order = self._order(pipeline)
        self.generation += bool(self.words)
        self.is_over = False
        self.requested = tuple(order)
        self.words |= {one: "pending_dependencies" for one in order if one not in self.words}
        if self.words[order[0]] == "failed":
            # It runs again, but stays failed for all to see.
            self._end_unseen(order[0])
        else:
            self._dispatch(order[0])

    def end_phase(self, failed: int) -> None:
        phase = self.running
        assert phase is not None
        self._results(phase, failed)
        if failed == ESSAYS:
            self.words[phase] = "failed"
            self.is_over = True
        else:
            self.words[phase] = DONE
            self._complete_if_last()

    def retry(self, phase: str, failed: int) -> None:
        """BOS checks nothing; the phase stays requested, and its results come or do not."""
        self.generation += 1
        self.is_over = False
        self.words[phase] = "requested_by_user"
        self._results(phase, failed, again=True)

    def _order(self, pipeline: str) -> list[str]:
        return [one for one in PIPELINES[pipeline] if self.words.get(one) != DONE]

    def _next(self) -> str | None:
        """The phase that BOS dispatches next: the one before it has ended and not failed."""
        waiting = [one for one in self.requested if self.words.get(one) == "pending_dependencies"]
        if not waiting:
            return None
        before = self.requested[: self.requested.index(waiting[0])]
        goes_on = before and self.words[before[-1]] in {DONE, "requested_by_user"}
        return waiting[0] if goes_on else None

    def _dispatch_next(self) -> None:
        phase = self._next()
        assert phase is not None
        self._dispatch(phase)

    def _end_unseen(self, phase: str) -> None:
        self._results(phase, 0)
        later = [one for one in self.requested if self.words[one] == "pending_dependencies"]
        if later:
            self._dispatch(later[0])

    def _dispatch(self, phase: str) -> None:
        self.generation += self.is_over
        self.is_over = False
        self.words[phase] = "dispatch_initiated"

    def _results(self, phase: str, failed: int, *, again: bool = False) -> None:
        # What a retry has lost is seen in RAS alone, so only then does the batch go back.
        lost = again and failed == ESSAYS
        outcome = {0: DONE, ESSAYS: "failed"}.get(failed, "completed_with_failures")

        def hear(event: Event) -> Event:
            def heard() -> None:
                self.generation += lost
                event()

            return heard

        for number in range(ESSAYS):
            word = "failed" if number < failed else "completed"
            if not (phase == "cj_assessment" and word == "failed") and phase != "nlp":
                result = partial(self.ras.essay, number, phase, word)
                self.ras.topics["essays"].append(hear(result))
        self.ras.topics["outcomes"].append(hear(partial(self.ras.outcome, outcome, failed)))

    def _complete_if_last(self) -> None:
        if any(self.words.get(one) == "pending_dependencies" for one in self.requested):
            return
        self.is_over = True
        broken = any(self.words.get(one) == "failed" for one in self.requested)
        word = "completed_with_failures" if broken else DONE
        self.ras.topics["completed"].append(lambda: self.ras.complete(word))
