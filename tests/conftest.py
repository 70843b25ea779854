"""Servers for the whole run, and a closing word on what the run covered."""

import gc
import os
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer

# Its first import sets what the seed reads when it is imported.
from tests import base_date, browser, elsewhere, local_servers, node_tools, plain_logs  # noqa: F401
from tests.scheduling import StackScheduling

NO_REDIS = "no redis-server here: install the package redis-server"
NO_POSTGRES = "no PostgreSQL here: install the package postgresql"
WITH_REAL_PARTS = frozenset({"contract", "faults", "e2e"})
LINES_OF_A_REASON = 25


def pytest_addoption(parser: pytest.Parser) -> None:
    elsewhere.add_options(parser)


def pytest_configure() -> None:
    plain_logs.configure()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> StackScheduling | None:
    return StackScheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private Redis, shared by the run: a real one, or a stand-in when there is no binary."""
    with local_servers.running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A private PostgreSQL, shared by the run: make a database or schema of your own in it."""
    binaries = local_servers.postgres_folder()
    if binaries is None:
        pytest.skip(NO_POSTGRES)
    with local_servers.running_postgres(binaries) as url:
        yield url


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of real parts gets a second run where `TRY_REAL_PARTS_TWICE` says so."""
    if os.environ.get("TRY_REAL_PARTS_TWICE") != "1":
        return
    for item in items:
        if _kind(item.nodeid) in WITH_REAL_PARTS:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish() -> None:
    _spare_what_stays()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or nextitem.path != item.path:
        _spare_what_stays()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A worker's report goes through a pipe, which takes no half of a surrogate pair."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


def _spare_what_stays() -> None:
    """Or the collector stops some test for a second, to look through thousands of others."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("redis") and local_servers.redis_binary() is None:
        pytest.skip(NO_REDIS)
    if item.get_closest_marker("postgres") and local_servers.postgres_folder() is None:
        pytest.skip(NO_POSTGRES)
    if item.get_closest_marker("node"):
        problem = node_tools.problem()
        if problem is not None:
            pytest.skip(problem)
        item.user_properties.append(("used", "node"))
    if item.get_closest_marker("browser"):
        if browser.binary() is None:
            pytest.skip(browser.NO_CHROMIUM)
        item.user_properties.append(("used", "browser"))
    for name in getattr(item, "fixturenames", ()):
        if name in {"redis_url", "postgres_url"}:
            item.user_properties.append(("used", name))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = terminalreporter.getreports("passed")
    kinds = Counter(_kind(report.nodeid) for report in passed)
    uses = Counter(
        name for report in passed for used, name in report.user_properties if used == "used"
    )
    terminalreporter.section("covered")
    terminalreporter.line(", ".join(f"{kind}: {count}" for kind, count in sorted(kinds.items())))
    terminalreporter.line(f"Redis: {_redis_words(uses['redis_url'])}")
    terminalreporter.line(f"PostgreSQL: {_postgres_words(uses['postgres_url'])}")
    skipped = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    terminalreporter.line(f"TypeScript: {_node_words(uses['node'], skipped)}")
    terminalreporter.line(f"Browser: {_browser_words(uses['browser'])}")
    for report in terminalreporter.getreports("rerun"):
        reason = report.longreprtext.splitlines()[-LINES_OF_A_REASON:]
        terminalreporter.line("\n".join([f"FAILED AT FIRST: {report.nodeid}", *reason]))


def _kind(node: str) -> str:
    """The folder of a test: unit, property, contract, faults, e2e."""
    return Path(node.partition("::")[0]).parts[1] if node.startswith("tests/") else "other"


def _redis_words(tests: int) -> str:
    binary = local_servers.redis_binary()
    if binary is None:
        return f"NOT COVERED for real, {tests} tests ran on a stand-in ({NO_REDIS})"
    if not tests:
        return "not used by the tests of this run"
    return f"real, {tests} tests ({local_servers.version_line(binary)})"


def _postgres_words(tests: int) -> str:
    folder = local_servers.postgres_folder()
    return _program_words(tests, folder / "postgres" if folder else None, NO_POSTGRES)


def _browser_words(tests: int) -> str:
    binary = browser.binary()
    return _program_words(tests, Path(binary) if binary else None, browser.NO_CHROMIUM)


def _program_words(tests: int, binary: Path | None, missing: str) -> str:
    if binary is None:
        return f"NOT COVERED ({missing})"
    if not tests:
        return "not used by the tests of this run"
    return f"real, {tests} tests ({local_servers.version_line(binary)})"


def _node_words(tests: int, skipped: list[str]) -> str:
    problem = node_tools.problem()
    if problem is None and any(node_tools.NO_REGISTRY in why for why in skipped):
        problem = node_tools.NO_REGISTRY
    if problem is not None:
        return f"NOT COVERED in whole, {tests} tests ({problem})"
    if not tests:
        return "not used by the tests of this run"
    return f"real, {tests} tests (node {node_tools.version()})"
