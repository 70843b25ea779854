"""What is worked out of values that do not change, kept with them instead of made anew."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from bff_core.composition import Fetched

T = TypeVar("T")


def derived(name: str, work: Callable[[], T], holder: msgspec.Struct, *others: object) -> T:
    """What `work` makes of these values; not made again while the holder and all others are the same.

    The last result of each name is kept with `holder`, a struct with a `__dict__`, so that it is
    forgotten when an answer is dropped from the cache, and nothing is to be bounded here.
    """
    kept = vars(holder)
    sources, value = kept.get(name, (None, None))
    # Most often they are the same objects, which is seen before their values are compared.
    if sources != others:
        value = work()
        kept[name] = (others, value)
    result: T = value
    return result


def derived_if_read_again(
    name: str, work: Callable[[], T], page: Fetched[msgspec.Struct], *others: object
) -> T:
    """The same, but made anew of a page that was only just read.

    Most such pages are never read again, and would keep what was made of them for nothing.
    """
    return derived(name, work, page.value, *others) if page.age > 0 else work()
