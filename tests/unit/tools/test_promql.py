"""What is read out of a query, and which queries are refused."""

import pytest

from tools.promql import UnreadableQueryError, asked_by


def test_metrics_and_the_labels_in_their_braces_are_found() -> None:
    asked = asked_by('rate(a_total{status=~"5..", job="x"}[5m]) / b > 0.1 or absent(c{job="y"})')

    assert asked.picked == {"a_total": {"status", "job"}, "b": set(), "c": {"job"}}


def test_labels_that_group_and_join_are_found() -> None:
    asked = asked_by("sum by (job, part) (a) / on (job) group_left () max without (le) (b)")

    assert asked.grouped == {"job", "part", "le"}


def test_one_metric_twice_is_one_with_both_its_labels() -> None:
    assert asked_by('a{x="1"} / a{y="2"}').picked == {"a": {"x", "y"}}


def test_a_pattern_of_names_stands_for_each_of_them() -> None:
    asked = asked_by('sum(rate({__name__=~"(one|other)_requests_total", status="500"}[5m]))')

    assert asked.picked == {"one_requests_total": {"status"}, "other_requests_total": {"status"}}


@pytest.mark.parametrize(
    "query",
    [
        "rate(a[5m]",
        "rate(a)",
        "sum(a[5m])",
        "nonsense(a)",
        "histogram_quantile(0.9)",
        "a b",
        "",
        '{__name__=~".+_total"}',
        '{job="x"}',
    ],
)
def test_what_prometheus_would_refuse_or_hides_its_metrics_is_refused(query: str) -> None:
    with pytest.raises(UnreadableQueryError):
        asked_by(query)
