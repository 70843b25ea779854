"""URLs of Sentinels and of clusters: addresses, and the options of the connections."""

import pytest

from bff_core.settings.redis_urls import ClusterUrl, SentinelUrl, check_redis_url


def test_a_servers_url_is_none_of_sentinels_or_of_a_cluster() -> None:
    assert SentinelUrl.parse("redis://localhost:6379/0") is None
    assert ClusterUrl.parse("redis://localhost:6379/0") is None
    assert ClusterUrl.parse("redis+sentinel://localhost/bff") is None
    assert SentinelUrl.parse("redis+cluster://localhost") is None


def test_a_url_names_sentinels_service_and_database() -> None:
    found = SentinelUrl.parse("redis+sentinel://one,two:5,[::1],[::2]:6/the%2Dservice/3")

    assert found is not None
    assert found.sentinels == [("one", 26379), ("two", 5), ("::1", 26379), ("::2", 6)]
    assert found.service == "the-service"
    assert found.options == {"db": 3}
    assert found.sentinel_options == {}


def test_users_of_primary_and_sentinels_differ_and_certificates_do_not() -> None:
    url = "rediss+sentinel://bff:p%40ss@one/bff?ssl_ca_certs=/ca.pem"
    found = SentinelUrl.parse(f"{url}&sentinel_username=watcher&sentinel_password=w%26")

    assert found is not None
    trusted = {"ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert found.options == trusted | {"username": "bff", "password": "p@ss"}
    assert found.sentinel_options == trusted | {"username": "watcher", "password": "w&"}
    assert "p@ss" not in repr(found)


def test_a_url_names_servers_of_a_cluster_and_their_user() -> None:
    found = ClusterUrl.parse("rediss+cluster://bff:p%40ss@one,two:5,[::1]:6/0?ssl_ca_certs=/ca.pem")

    assert found is not None
    assert found.servers == [("one", 6379), ("two", 5), ("::1", 6)]
    trusted = {"ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert found.options == trusted | {"username": "bff", "password": "p@ss"}
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize("url", ["redis+cluster://one/1", "redis+cluster://one?db=15"])
def test_another_database_of_a_cluster_is_refused_with_the_reason(url: str) -> None:
    with pytest.raises(ValueError, match="no database but 0"):
        check_redis_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "rediss://u:p@localhost:1/0?ssl_ca_certs=/ca.pem",
        "unix:///run/redis.sock",
        "redis+sentinel://one:26379,two:26379/bff",
        "redis+sentinel://one/bff/0?client_name=bff",
        "redis+cluster://one",
        "redis+cluster://u:p@one:7000,two:7000/0?client_name=bff",
        "rediss+cluster://u:p%40@one:7000/?ssl_check_hostname=false&ssl_ca_certs=/ca.pem",
    ],
)
def test_a_usable_url_is_taken(url: str) -> None:
    assert check_redis_url(url) == url
