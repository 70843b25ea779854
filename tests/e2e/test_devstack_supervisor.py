"""Starting, watching and stopping: with real processes, signals and ports."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from devstack.supervisor.supervisor import GRACE_SECONDS
from tests.e2e.devstack_harness import WAIT_SECONDS, FakeDevstack, eventually, gone


def one_line(text: str) -> str:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_asked_to_stop_leaves_no_process_and_no_state(
    fake: FakeDevstack, number: signal.Signals
) -> None:
    process = fake.up()
    pids = fake.pids()

    process.send_signal(number)
    output, errors = process.communicate(timeout=WAIT_SECONDS)

    assert process.returncode == 0, errors
    assert "the edge" in output
    assert gone(pids)
    assert not fake.home.state.exists()


def test_descendants_of_a_process_end_with_it(fake: FakeDevstack) -> None:
    process = fake.up(middle="grandchild")
    grandchild = int(fake.home.log("middle").read_text().split()[0])

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WAIT_SECONDS)

    eventually(lambda: gone({"grandchild": grandchild}))


def test_second_ctrl_c_does_not_wait_for_a_stubborn_process(fake: FakeDevstack) -> None:
    process = fake.up(edge="stubborn")
    pids = fake.pids()
    began = time.monotonic()

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WAIT_SECONDS)

    assert time.monotonic() - began < GRACE_SECONDS
    assert gone(pids)


def test_taken_port_is_one_line_that_names_it_and_the_way_out(fake: FakeDevstack) -> None:
    with socket.create_server(("127.0.0.1", fake.ports[1])):
        result = fake.run("up")

    assert result.returncode == 1
    line = one_line(result.stderr)
    assert f"{fake.ports[1]} (middle)" in line
    assert "--port-offset 100" in line


def test_port_offset_moves_every_port(fake: FakeDevstack) -> None:
    with socket.create_server(("127.0.0.1", fake.ports[1])):
        result = fake.run("up", "--detach", "--port-offset", "7")

    assert result.returncode == 0, result.stderr
    assert all(f"127.0.0.1:{port + 7}" in result.stdout for port in fake.ports)


def test_process_that_dies_at_start_is_named_with_code_words_and_log(fake: FakeDevstack) -> None:
    result = fake.run("up", middle="die")

    assert result.returncode == 1
    line = one_line(result.stderr)
    assert "middle stopped with exit code 3" in line
    assert "flux capacitor" in line
    assert "./dev logs middle" in line
    assert not fake.home.state.exists()


def test_process_killed_later_is_named_and_started_again_while_the_rest_lives_on(
    fake: FakeDevstack,
) -> None:
    process = fake.up()
    before = fake.pids()

    os.kill(before["middle"], signal.SIGKILL)
    eventually(lambda: fake.pids()["middle"] != before["middle"] and fake.is_serving("middle"))
    after = fake.pids()
    status = fake.run("status")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=WAIT_SECONDS)

    assert {name for name in before if before[name] != after[name]} == {"middle"}
    assert status.returncode == 0
    assert "runs again" in status.stdout
    assert "middle was ended by signal 9: starting it again." in errors
    assert process.returncode == 0
    assert gone(after)


def test_process_that_dies_again_and_again_stays_down_until_it_is_restarted(
    fake: FakeDevstack, tmp_path: Path
) -> None:
    marker = tmp_path / "started"
    fake.run("up", "--detach", middle=f"once:{marker}")
    os.kill(fake.pids()["middle"], signal.SIGKILL)
    eventually(lambda: "stays down" in fake.log("devstack"))

    down = fake.run("status")
    marker.unlink()
    restarted = fake.run("restart", "middle")

    assert down.returncode == 1
    assert "middle is not ready: it has ended" in down.stdout
    assert gone({"middle": fake.pids()["edge"]}) is False
    assert restarted.stdout == "Restarted: middle.\n", restarted.stderr
    assert fake.run("status").returncode == 0


def test_restart_starts_the_named_processes_anew_and_keeps_their_logs(fake: FakeDevstack) -> None:
    fake.run("up", "--detach")
    before = fake.pids()
    eventually(lambda: fake.is_serving("edge"))

    result = fake.run("restart", "middle", "edge")

    after = fake.pids()
    assert result.returncode == 0, result.stderr
    assert {name for name in before if before[name] != after[name]} == {"middle", "edge"}
    assert gone({name: before[name] for name in ("middle", "edge")})
    assert fake.log("edge").count("asked") > 1


def test_reader_that_goes_away_leaves_the_devstack_running(fake: FakeDevstack) -> None:
    process = fake.up()
    assert process.stdout is not None
    process.stdout.close()
    before = fake.pids()

    # A line of a log that nobody can read any more.
    assert fake.is_serving("edge")
    time.sleep(0.6)

    assert process.poll() is None
    assert fake.pids() == before
    assert fake.run("status").returncode == 0
    process.send_signal(signal.SIGINT)
    assert process.wait(WAIT_SECONDS) == 0


def test_failing_seed_is_named_and_repeated_at_the_next_start(fake: FakeDevstack) -> None:
    failed = fake.run("up", seed="5")
    mended = fake.run("up", "--detach")

    assert "seed stopped with exit code 5" in one_line(failed.stderr)
    assert mended.returncode == 0
    assert (fake.home.path / "seeds").read_text() == "new new "


def test_seed_runs_once_and_again_when_fresh(fake: FakeDevstack) -> None:
    for arguments in ([], [], ["--fresh"]):
        fake.run("up", "--detach", *arguments)
        fake.close()

    assert (fake.home.path / "seeds").read_text() == "new fresh "


def test_detached_comes_back_ready_refuses_a_second_and_stops_by_down(fake: FakeDevstack) -> None:
    started = fake.run("up", "--detach")
    running = fake.run("status")
    second = fake.run("up", "--port-offset", "50")
    pids = fake.pids()
    stopped = fake.run("down")
    after = fake.run("status")

    assert (started.returncode, running.returncode) == (0, 0), started.stderr
    assert "already running" in one_line(second.stderr)
    assert (stopped.stdout, after.stdout) == ("Stopped.\n", "Not running.\n")
    assert after.returncode == 1
    assert gone(pids)


def test_detached_start_that_fails_says_so_and_fails(fake: FakeDevstack) -> None:
    result = fake.run("up", "--detach", edge="die")

    assert result.returncode == 1
    assert "edge stopped with exit code 3" in one_line(result.stderr)


def test_info_repeats_what_the_start_said(fake: FakeDevstack) -> None:
    started = fake.run("up", "--detach")
    again = fake.run("info")

    assert again.stdout in started.stdout
    assert f"127.0.0.1:{fake.ports[0]}" in again.stdout


def test_status_fails_while_a_process_does_not_answer(fake: FakeDevstack) -> None:
    fake.run("up", "--detach")
    pid = fake.pids()["edge"]
    os.kill(pid, signal.SIGSTOP)

    result = fake.run("status")
    os.kill(pid, signal.SIGCONT)
    logged = fake.run("logs", "edge")

    assert result.returncode == 1
    assert f"edge is not ready: port {fake.ports[2]} does not answer within" in result.stdout
    assert "asked" in logged.stdout


def test_killed_supervisor_takes_its_processes_along_and_the_next_start_works(
    fake: FakeDevstack,
) -> None:
    process = fake.up()
    pids = fake.pids()

    process.kill()
    process.communicate(timeout=WAIT_SECONDS)
    eventually(lambda: gone(pids))
    stale = fake.run("status")
    again = fake.run("up", "--detach")

    assert stale.stdout == "Not running.\n"
    assert again.returncode == 0, again.stderr


def test_stale_state_never_ends_a_process_that_got_the_id(fake: FakeDevstack) -> None:
    fake.home.path.mkdir()
    mine = f'{{"pid": {os.getpid()}, "started": "1"}}'
    fake.home.state.write_text(
        f'{{"supervisor": {mine}, "offset": 0, "ports": {{}}, "children": {{"edge": {mine}}}, "ready": true}}'
    )

    result = fake.run("down")

    assert result.stdout == "Nothing is running.\n"
    assert not fake.home.state.exists()


def test_folder_that_cannot_be_made_is_one_line(fake: FakeDevstack) -> None:
    fake.home.path.write_text("a file where the folder should be")

    result = fake.run("up")

    assert result.returncode == 1
    assert one_line(result.stderr) == (
        f"devstack: Cannot use {fake.home.path}: it is not a folder."
    )


@pytest.mark.parametrize("command", ["logs", "restart"])
def test_unknown_process_is_one_line_with_the_known_ones_and_the_nearest(
    fake: FakeDevstack, command: str
) -> None:
    result = fake.run(command, "edgy")

    assert result.returncode == 1
    line = one_line(result.stderr)
    assert "base, middle, edge" in line
    assert line.endswith("Did you mean edge?")


def test_several_logs_are_shown_behind_their_names_from_a_level_on(fake: FakeDevstack) -> None:
    fake.home.logs.mkdir(parents=True)
    fake.home.log("base").write_text("12:00:00 [info     ] a\n12:00:01 [warning  ] b\n more of b\n")
    fake.home.log("edge").write_text('{"level":"error","event":"c"}\nINFO: d\n')

    every = fake.run("logs", "base", "edge", "-n", "1")
    serious = fake.run("logs", "base", "edge", "--level", "warning")

    assert every.stdout == "base | more of b\nedge | INFO: d\n".replace("| more", "|  more")
    assert serious.stdout.splitlines() == [
        "base | 12:00:01 [warning  ] b",
        "base |  more of b",
        'edge | {"level":"error","event":"c"}',
    ]
