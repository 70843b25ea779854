"""The broker in the plan of a devstack, and a devstack without it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.cli import commands
from devstack.supervisor import kafka_broker
from devstack.supervisor.keys import load_keys
from devstack.supervisor.processes import PLAN
from devstack.supervisor.stack import Home, RunningStack, StackPlan

VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"


def stack_of(plan: StackPlan, folder: Path) -> RunningStack:
    return RunningStack(Home(folder), plan.ports(100), load_keys(folder / "keys.json"))


def readers(plan: StackPlan, stack: RunningStack) -> dict[str, str]:
    """The broker that each process is told of, without those that are told of none."""
    told = {one.name: one.env(stack).get(VARIABLE, "") for one in plan.processes}
    return {name: address for name, address in told.items() if address}


def test_emulators_and_the_teacher_bff_are_told_of_the_broker(tmp_path: Path) -> None:
    told = readers(PLAN, stack_of(PLAN, tmp_path))

    assert set(told) == {*PLAN.emulated_names(), "bff_teacher"}
    assert set(told.values()) == {"127.0.0.1:9290"}


def test_nobody_is_told_of_a_broker_that_is_left_out(tmp_path: Path) -> None:
    plan = PLAN.without("kafka")

    assert readers(plan, stack_of(plan, tmp_path)) == {}
    assert [name for name in PLAN.names() if name not in plan.names()] == ["kafka"]


def test_no_process_waits_for_the_broker() -> None:
    assert all("kafka" not in process.depends_on for process in PLAN.processes)


def test_broker_listens_on_the_loopback_alone(tmp_path: Path) -> None:
    command = list(kafka_broker.kafka_command(stack_of(PLAN, tmp_path)))

    assert {word for word in command if "://" in word} == {
        "tcp://127.0.0.1:9290",
        kafka_broker.IN_MEMORY,
    }


@pytest.fixture
def binary(tmp_path: Path) -> Callable[[str], Path]:
    """A broker that is a script with this text."""

    def make(script: str) -> Path:
        path = tmp_path / "tansu"
        path.write_text(script)
        path.chmod(0o755)
        return path

    return make


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 3\n", "\x7fELF of another machine"])
def test_broker_that_does_not_run_is_left_out_with_a_line(
    binary: Callable[[str], Path], script: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = commands._with_broker(PLAN, binary(script))

    said = capsys.readouterr()
    assert "kafka" not in plan.names()
    assert (said.out + said.err).count("Without the platform's events: the broker ") == 1


def test_broker_that_runs_stays_in_the_plan(binary: Callable[[str], Path]) -> None:
    assert commands._with_broker(PLAN, binary("#!/bin/sh\nexit 0\n")) is PLAN


def test_machine_without_a_wheel_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    plan = commands._with_broker(PLAN, kafka_broker.broker_binary("no_such_package_here"))

    said = capsys.readouterr()
    assert "kafka" not in plan.names()
    assert (
        "Without the platform's events: there is no broker for this machine." in said.out + said.err
    )
