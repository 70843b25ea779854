"""`./dev fault` refuses in one line what it cannot order."""

from pathlib import Path

import pytest

from devstack.errors import DevstackError
from devstack.faults.client import order_faults, parse_faults
from devstack.supervisor.processes import PLAN
from devstack.supervisor.stack import Home
from devstack.supervisor.state import ready_state


def refusal(folder: Path, *words: str) -> str:
    with pytest.raises(DevstackError) as raised:
        order_faults(
            PLAN.emulated_names(), lambda name: ready_state(Home(folder)).ports[name], words
        )
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("words", [("nope", "hang"), ("gateway", "hang"), ("clear", "redis")])
def test_services_that_are_not_emulated_take_no_faults(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    said = refusal(tmp_path, *words)

    assert all(name in said for name in PLAN.emulated_names())


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("cms", "explode"), "'explode' is no kind"),
        (("cms",), "A kind of fault is missing"),
        (("cms", "hang", "share=0%"), "'0%' is no share"),
        (("cms", "hang", "path=/a b"), "one word each"),
        (("list", "cms"), "Use ./dev fault"),
        (("clear", "cms", "ras"), "Use ./dev fault"),
        ((), "Use ./dev fault"),
    ],
)
def test_words_that_make_no_sense_are_told_what_does(
    tmp_path: Path, words: tuple[str, ...], hint: str
) -> None:
    assert hint in refusal(tmp_path, *words)


@pytest.mark.parametrize("words", [("cms", "hang"), ("list",), ("clear",), ("clear", "cms")])
def test_without_a_running_devstack_there_is_nothing_to_order(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert refusal(tmp_path, *words) == "The devstack is not running: start it with ./dev up."


def test_share_and_path_go_to_every_kind() -> None:
    faults = parse_faults(["latency=2s", "error=500", "share=30%", "path=/v1"])

    assert [str(fault) for fault in faults] == [
        "latency=2s share=30% path=/v1",
        "error=500 share=30% path=/v1",
    ]


@pytest.mark.parametrize(
    ("words", "meant"),
    [(["cmss", "hang"], "cms"), (["cms", "hung"], "hang"), (["cms", "latenzy=2s"], "latency")],
)
def test_misspelled_word_is_answered_by_the_nearest(words: list[str], meant: str) -> None:
    with pytest.raises(DevstackError, match=rf"Did you mean {meant}\?$"):
        order_faults(PLAN.emulated_names(), lambda _: 1, words)
