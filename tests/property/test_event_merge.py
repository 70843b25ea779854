"""In which order and how often facts arrive does not matter, and the right one remains."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.bff_teacher.events.model import LATEST, Fact, FactKind, merge, merge_all
from tests.event_bodies import AT, an_id

kinds = st.sampled_from(FactKind)
times = st.integers(0, 5).map(lambda seconds: AT + timedelta(seconds=seconds))


@st.composite
def facts(draw: st.DrawFn, kind: FactKind | None = None, item: str | None = None) -> Fact:
    kind = kind or draw(kinds)
    counts = {"essays": 3, "matched": draw(st.integers(0, 3))}
    words = {"word": draw(st.sampled_from(["a", "b", None]))}
    return Fact(
        batch_id=an_id(draw(st.integers(1, 2))) if item is None else an_id(1),
        kind=kind,
        at=draw(times),
        topic="a topic",
        data=counts if kind is FactKind.MATCHED else words,
        item=draw(st.sampled_from(["", "x"])) if item is None else item,
    )


@st.composite
def rivals(draw: st.DrawFn, number: int) -> list[Fact]:
    kind = draw(kinds)
    return [draw(facts(kind, "")) for _ in range(number)]


@given(rivals(3))
def test_merging_is_commutative_associative_and_idempotent(three: Sequence[Fact]) -> None:
    a, b, c = three

    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == a


@given(st.lists(facts(), max_size=12), st.randoms())
def test_duplicates_and_another_order_lead_to_the_same_facts(
    arrived: list[Fact], random: Random
) -> None:
    again = arrived * 2
    random.shuffle(again)

    assert merge_all(again) == merge_all(arrived)


@given(st.lists(facts(), max_size=8), st.lists(facts(), max_size=8))
def test_a_batch_of_facts_may_be_merged_before_the_others(one: list[Fact], two: list[Fact]) -> None:
    assert merge_all([*merge_all(one).values(), *merge_all(two).values()]) == merge_all(one + two)


@given(st.lists(facts(FactKind.PHASE_OUTCOME, "x") | facts(FactKind.GRADED, "x"), min_size=1))
def test_the_earliest_remains_or_of_some_kinds_the_latest(arrived: list[Fact]) -> None:
    for fact in merge_all(arrived).values():
        times = [one.at for one in arrived if one.key == fact.key]
        assert fact.at == (max(times) if fact.kind in LATEST else min(times))


@given(st.lists(facts(FactKind.MATCHED, ""), min_size=1))
def test_nobody_was_matched_only_if_every_event_says_so(arrived: list[Fact]) -> None:
    (fact,) = merge_all(arrived).values()

    assert fact.data["matched"] == max(int(one.data["matched"] or 0) for one in arrived)
