"""`./dev fault` refuses in one line what it cannot order."""

from pathlib import Path

import pytest

from devstack.fault_orders import FaultOrders, emulated, faults_from
from devstack.problems import DevstackProblem
from devstack.processes import PLAN
from devstack.stack import Home


def refusal(folder: Path, *words: str) -> str:
    with pytest.raises(DevstackProblem) as raised:
        FaultOrders(PLAN, Home(folder)).obey(words, [])
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("words", [("nope", "hang"), ("gateway", "hang"), ("clear", "redis")])
def test_services_that_are_not_emulated_take_no_faults(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    said = refusal(tmp_path, *words)

    assert all(name in said for name in emulated(PLAN))


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("cms", "explode"), "'explode' is no kind"),
        (("cms",), "What shall go wrong?"),
        (("cms", "hang", "share=0%"), "'0%' is no share"),
        (("cms", "hang", "path=/a b"), "one word each"),
        (("list", "cms"), "Say ./dev fault"),
        (("clear", "cms", "ras"), "Say ./dev fault"),
        ((), "Say ./dev fault"),
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
    assert refusal(tmp_path, *words) == "The devstack is not ready: start it with ./dev up."


def test_share_and_path_go_to_every_kind() -> None:
    faults = faults_from(["latency=2s", "error=500", "share=30%", "path=/v1"])

    assert [str(fault) for fault in faults] == [
        "latency=2s share=30% path=/v1",
        "error=500 share=30% path=/v1",
    ]
