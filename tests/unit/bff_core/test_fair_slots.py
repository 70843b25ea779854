"""Slots are shared: no caller holds more than its share, and callers take turns."""

import asyncio

from bff_core.composition import fan_out
from bff_core.fair_slots import UNSHARED, FairSlots


async def a_turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def taken_in_order(slots: FairSlots, callers: list[str]) -> list[str]:
    """The callers, in the order in which they get the one slot that is in use."""
    order: list[str] = []

    async def use(caller: str) -> None:
        await slots.acquire(caller)
        order.append(caller)
        await a_turn()
        slots.release(caller)

    async with fan_out() as tasks:
        for caller in callers:
            tasks.create_task(use(caller))
    return order


def test_one_caller_gets_its_share_and_no_more() -> None:
    slots = FairSlots(8, per_caller=2)

    greedy = [slots.try_acquire("greedy") for _ in range(10)]
    others = [slots.try_acquire(f"other-{number}") for number in range(10)]

    assert greedy.count(True) == 2
    assert others.count(True) == 6
    assert slots.at_share("greedy")
    assert not slots.at_share("other-0")


def test_what_belongs_to_no_user_may_hold_all_slots() -> None:
    slots = FairSlots(8, per_caller=2)

    assert all(slots.try_acquire(UNSHARED) for _ in range(8))


async def test_waiting_callers_take_turns() -> None:
    order = await taken_in_order(FairSlots(1), ["a"] * 5 + ["b"] * 2 + ["c"])

    assert order == ["a", "a", "b", "c", "a", "b", "a", "a"]


async def test_a_free_slot_passes_over_those_who_have_their_share() -> None:
    slots = FairSlots(2, per_caller=1)
    assert slots.try_acquire("a")
    assert slots.try_acquire("b")
    more_of_a = asyncio.create_task(slots.acquire("a"))
    await a_turn()
    another = asyncio.create_task(slots.acquire("c"))
    await a_turn()

    slots.release("b")
    await a_turn()

    assert (more_of_a.done(), another.done()) == (False, True)
    slots.release("a")
    await a_turn()
    assert more_of_a.done()


async def test_a_caller_that_leaves_the_queue_loses_no_slot() -> None:
    slots = FairSlots(1)
    assert slots.try_acquire("a")
    leaving = asyncio.create_task(slots.acquire("b"))
    staying = asyncio.create_task(slots.acquire("b"))
    await a_turn()

    # Handed over and cancelled before it runs: the slot must go on.
    slots.release("a")
    leaving.cancel()
    await asyncio.wait([leaving, staying])
    slots.release("b")

    assert (slots.in_use, slots.waiting) == (0, 0)


async def test_cancelled_callers_leave_nothing_behind() -> None:
    slots = FairSlots(1)
    assert slots.try_acquire("a")
    waiting = [asyncio.create_task(slots.acquire(f"b-{number}")) for number in range(5)]
    await a_turn()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    slots.release("a")

    assert (slots.in_use, slots.waiting) == (0, 0)


async def test_a_limit_that_grows_gives_away_all_new_slots_in_turn() -> None:
    slots = FairSlots(4, per_caller=2)
    slots.limit = 1
    waiting = [asyncio.create_task(slots.acquire(caller)) for caller in "aaabc"]
    await a_turn()
    before = [task.done() for task in waiting]

    slots.limit = 4
    slots.hand_out()
    await a_turn()

    assert before == [True, False, False, False, False]
    assert [task.done() for task in waiting] == [True, True, False, True, True]


async def test_a_limit_that_shrinks_takes_no_slot_away() -> None:
    slots = FairSlots(2)
    assert all(slots.try_acquire(caller) for caller in "ab")

    slots.limit = 1
    slots.release("a")

    assert not slots.try_acquire("c")
    slots.release("b")
    assert slots.try_acquire("c")
