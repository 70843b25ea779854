"""The words that make a service go wrong, and which calls they drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.faults import Fault, FaultDelay, FaultError, FaultList
from devstack.faults.fault import LONGEST_DELAY_SECONDS, MAX_FAULTS

WORDS = st.sampled_from(["latency=2s", "latency=200ms..2s", "error=503", "hang", "cut", "down"])
SHARES = st.one_of(st.just(""), st.integers(1, 100).map(lambda share: f" share={share}%"))
PATHS = st.sampled_from(["", " path=/v1/classes", " path=/"])


def a_list(*texts: str, seed: int = 0) -> FaultList:
    faults = FaultList()
    faults.add([Fault.parse(text) for text in texts], seed)
    return faults


def ending(faults: FaultList, path: str = "/v1/classes/") -> str | None:
    fault = faults.draw(path).fault
    return None if fault is None else fault.word


@given(WORDS, SHARES, PATHS)
def test_a_fault_reads_as_it_was_typed(word: str, share: str, path: str) -> None:
    fault = Fault.parse(word + share + path)

    assert Fault.parse(str(fault)) == fault
    assert str(fault) == (word + share + path).replace(" share=100%", "")


@pytest.mark.parametrize(
    ("word", "least", "most"),
    [("2s", 2.0, 2.0), ("300ms", 0.3, 0.3), ("200ms..2s", 0.2, 2.0), ("0.5s", 0.5, 0.5)],
)
def test_a_delay_is_seconds(word: str, least: float, most: float) -> None:
    assert Fault.parse(f"latency={word}").delay == FaultDelay(least, most)


@pytest.mark.parametrize(
    "text",
    [
        "", "latency", "latency=", "latency=2", "latency=2h", "latency=-1s", "latency=1e9s",
        "latency=2s..1s", "latency=61s", "latency=999999s", "latency=1s..", "latency=nans",
        "error", "error=", "error=200", "error=600", "error=5xx", "error=5000",
        "hang=2s", "explode", "hang cut", "HANG",
        "hang share=0%", "hang share=101%", "hang share=30", "hang share=", "hang share=x%",
        "hang path=v1", "hang path=/" + "x" * 200, "hang path=/v1/*",
        "latency=\u0663s", "error=\u0665\u0660\u0660", "hang share=\u0663%",
    ],
)  # fmt: skip
def test_words_that_are_no_fault_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(FaultError) as raised:
        Fault.parse(text)

    assert "\n" not in str(raised.value)


@given(st.text(max_size=60))
def test_any_text_is_a_fault_or_a_problem(text: str) -> None:
    try:
        fault = Fault.parse(text)
    except FaultError:
        return
    assert Fault.parse(str(fault)) == fault


def test_a_path_spares_the_calls_beside_it() -> None:
    faults = a_list("hang path=/v1/classes")

    assert ending(faults, "/v1/classes/c1") == "hang"
    assert ending(faults, "/internal/v1/batches") is None


def test_a_share_strikes_that_many_and_the_same_ones_again() -> None:
    first, again = a_list("cut share=30%", seed=7), a_list("cut share=30%", seed=7)
    other = a_list("cut share=30%", seed=8)

    struck = [ending(first) for _ in range(1000)]

    assert 250 < struck.count("cut") < 350
    assert [ending(again) for _ in range(1000)] == struck
    assert [ending(other) for _ in range(1000)] != struck


def test_delays_add_up_and_the_first_other_fault_decides() -> None:
    drawn = a_list("latency=2s", "error=500", "latency=1s path=/v1", "hang").draw("/v1/x")

    assert drawn.seconds == 3.0
    assert drawn.fault is not None
    assert drawn.fault.word == "error=500"


def test_delays_together_are_bounded() -> None:
    faults = a_list("latency=60s", "latency=60s path=/v1")

    assert faults.draw("/v1/x").seconds == LONGEST_DELAY_SECONDS


def test_jitter_stays_between_its_ends() -> None:
    faults = a_list("latency=200ms..2s")
    drawn = {faults.draw("/").seconds for _ in range(100)}

    assert 0.2 <= min(drawn) < 0.6
    assert 1.6 < max(drawn) <= 2.0


@pytest.mark.parametrize("health", ["/healthz", "/metrics"])
def test_health_is_struck_by_down_or_by_name_only(health: str) -> None:
    assert ending(a_list("hang"), health) is None
    assert ending(a_list("hang path=/"), health) == "hang"
    assert ending(a_list("down"), health) == "down"
    assert ending(a_list("down path=/v1"), health) is None


def test_the_same_kind_on_the_same_path_replaces_the_older_one() -> None:
    faults = a_list("error=500", "error=503 path=/v1", "hang")
    faults.add([Fault.parse("error=404")])

    assert faults.texts() == ["error=404", "error=503 path=/v1", "hang"]


def test_faults_are_bounded_and_too_many_change_nothing() -> None:
    faults = a_list(*(f"hang path=/{number}" for number in range(MAX_FAULTS)))

    with pytest.raises(FaultError, match="clear some"):
        faults.add([Fault.parse("down")])

    assert len(faults.texts()) == MAX_FAULTS


def test_cleared_faults_strike_nothing() -> None:
    faults = a_list("down", "latency=2s")
    faults.clear()

    assert (faults.draw("/").seconds, ending(faults), faults.texts()) == (0.0, None, [])
