"""Counters and histograms of our own are, to a scrape, what the library's are."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from bff_core.observability.labelled import LATENCIES, MetricMaker

seconds = st.one_of(st.sampled_from(LATENCIES), st.floats(0, 20), st.just(float("inf")))
events = st.lists(st.tuples(st.sampled_from(["a", 'b"\\\n', "å"]), seconds), max_size=30)


def scraped(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]


@given(events)
def test_a_scrape_reads_what_it_reads_of_the_librarys(events: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    make = MetricMaker("example", ours)
    counter, histogram = make.counter("c_total", "C.", "who"), make.histogram("h", "H.", "who")
    their_counter = Counter("example_c_total", "C.", ["who"], registry=theirs)
    their_histogram = Histogram("example_h", "H.", ["who"], buckets=LATENCIES, registry=theirs)

    for who, taken in events:
        counter.count(who)
        histogram.observe(taken, who)
        their_counter.labels(who).inc()
        their_histogram.labels(who).observe(taken)

    assert scraped(ours) == scraped(theirs)
