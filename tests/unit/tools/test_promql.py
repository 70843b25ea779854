"""Series and labels read from queries, and the queries that are refused."""

import pytest

from tools.promql import UnreadableQueryError, names_in


def test_metrics_and_the_labels_in_their_braces_are_found() -> None:
    names = names_in('rate(a_total{status=~"5..", job="x"}[5m]) / b > 0.1 or absent(c{job="y"})')

    assert names.selected == {"a_total": {"status", "job"}, "b": set(), "c": {"job"}}


def test_labels_that_group_and_join_are_found() -> None:
    names = names_in("sum by (job, part) (a) / on (job) group_left () max without (le) (b)")

    assert names.grouped == {"job", "part", "le"}


def test_one_metric_twice_is_one_with_both_its_labels() -> None:
    assert names_in('a{x="1"} / a{y="2"}').selected == {"a": {"x", "y"}}


def test_name_pattern_selects_each_of_its_names() -> None:
    names = names_in('sum(rate({__name__=~"(one|other)_requests_total", status="500"}[5m]))')

    assert names.selected == {"one_requests_total": {"status"}, "other_requests_total": {"status"}}


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
def test_invalid_query_or_hidden_metric_is_refused(query: str) -> None:
    with pytest.raises(UnreadableQueryError):
        names_in(query)
