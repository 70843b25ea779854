import pytest

from devstack.ports import taken_line
from devstack.problems import DevstackProblem
from devstack.processes import PLAN
from devstack.stack import port_plan


def test_offset_moves_every_port_by_the_same() -> None:
    plain, moved = port_plan(PLAN.processes, 0), port_plan(PLAN.processes, 100)

    assert plain["gateway"] == 8080
    assert {name: port + 100 for name, port in plain.items()} == moved


@pytest.mark.parametrize("offset", [60_000, -8080, -4003])
def test_offset_out_of_range_is_one_line_that_names_the_process(offset: int) -> None:
    with pytest.raises(DevstackProblem, match=r"--port-offset -?\d+ puts \S+ on port -?\d+"):
        port_plan(PLAN.processes, offset)


def test_names_and_ports_of_the_table_are_unique() -> None:
    names = PLAN.names()

    assert len(set(names)) == len(names)
    assert len({process.port for process in PLAN.processes}) == len(names)


def test_every_process_stands_below_those_it_depends_on() -> None:
    seen: set[str] = set()

    for process in PLAN.processes:
        assert set(process.depends_on) <= seen, process.name
        seen.add(process.name)


def test_taken_ports_are_told_in_one_line_with_the_way_out() -> None:
    one = taken_line({"gateway": 8080})
    two = taken_line({"gateway": 8080, "ras": 4003})

    assert one.startswith("Port 8080 (gateway) is taken")
    assert two.startswith("Ports 8080 (gateway), 4003 (ras) are taken")
    assert one.endswith("--port-offset 100.")
