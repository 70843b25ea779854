import socket

import pytest

from devstack.errors import DevstackError
from devstack.supervisor.processes import PLAN
from devstack.supervisor.stack import require_free_ports


def test_offset_moves_every_port_by_the_same() -> None:
    plain, moved = PLAN.ports(0), PLAN.ports(100)

    assert plain["gateway"] == 8080
    assert {name: port + 100 for name, port in plain.items()} == moved


@pytest.mark.parametrize("offset", [60_000, -8080, -4003])
def test_offset_out_of_range_is_one_line_that_names_the_process(offset: int) -> None:
    with pytest.raises(DevstackError, match=r"--port-offset -?\d+ puts \S+ on port -?\d+"):
        PLAN.ports(offset)


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
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        gateway, ras = one.getsockname()[1], two.getsockname()[1]

        single = refusal({"gateway": gateway})
        several = refusal({"gateway": gateway, "ras": ras})

    assert single.startswith(f"Port {gateway} (gateway) is taken")
    assert several.startswith(f"Ports {gateway} (gateway), {ras} (ras) are taken")
    assert single.endswith("--port-offset 100.")


def refusal(ports: dict[str, int]) -> str:
    with pytest.raises(DevstackError) as raised:
        require_free_ports(ports)
    return str(raised.value)
