"""The bounds of the cache in memory."""

import hypothesis.strategies as st
from hypothesis import given

from bff_core.cache import MemoryCache


def make(entries: int = 3, size: int = 100) -> MemoryCache[str, str]:
    return MemoryCache(max_entries=entries, max_bytes=size)


def test_what_was_put_is_found() -> None:
    cache = make()

    cache.put("a", "value", 1)

    assert cache.get("a") == "value"
    assert cache.get("b") is None


def test_entries_are_bounded_and_the_least_used_goes_first() -> None:
    cache = make(entries=2)
    cache.put("a", "1", 1)
    cache.put("b", "2", 1)
    cache.get("a")

    cache.put("c", "3", 1)

    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("1", None, "3")


def test_bytes_are_bounded() -> None:
    cache = make()
    cache.put("a", "1", 60)
    cache.put("b", "2", 40)

    cache.put("c", "3", 41)

    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (None, "2", "3")
    assert cache.size == 81


def test_what_is_too_big_is_not_kept_and_takes_nothing_else_away() -> None:
    cache = make()
    cache.put("a", "1", 60)

    cache.put("b", "2", 101)

    assert (cache.get("a"), cache.get("b")) == ("1", None)


def test_what_grows_too_big_is_not_kept_in_its_old_form() -> None:
    cache = make()
    cache.put("a", "1", 60)

    cache.put("a", "2", 101)

    assert cache.get("a") is None
    assert cache.size == 0


def test_putting_again_replaces() -> None:
    cache = make()
    cache.put("a", "1", 60)

    cache.put("a", "2", 50)

    assert cache.get("a") == "2"
    assert (len(cache), cache.size) == (1, 50)


def test_dropping_by_condition() -> None:
    cache = make()
    cache.put("a", "1", 10)
    cache.put("b", "2", 10)

    cache.drop_if(lambda key: key == "a")

    assert (cache.get("a"), cache.get("b"), cache.size) == (None, "2", 10)


def test_no_entries_means_nothing_is_kept() -> None:
    cache = make(entries=0)

    cache.put("a", "1", 1)

    assert len(cache) == 0


PUTS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 120)), max_size=60)


@given(puts=PUTS)
def test_bounds_hold_whatever_is_put(puts: list[tuple[str, int]]) -> None:
    cache = make(entries=4)

    for key, size in puts:
        cache.put(key, key, size)

        assert len(cache) <= 4
        assert 0 <= cache.size <= 100
