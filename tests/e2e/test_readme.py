"""The README, as a stranger follows it: each command is run, and gives the answer that is shown."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from devstack.supervisor.processes import REDIS_PORT
from tests.e2e.demo_stack import DemoStack
from tools.markdown import anchors_in, code_blocks, links_in

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
# The stack of the tests was started by this command, on other ports.
START = "./dev up\n"
ANY = "…"
STREAM_SECONDS = 5

pytestmark = pytest.mark.own_stack


def shell_blocks() -> list[tuple[str, str | None]]:
    """Each block of commands, and the answer below it, if one is shown."""
    blocks = [*code_blocks(README), ("sh", "")]
    return [
        (text, answer if kind != "sh" else None)
        for (language, text), (kind, answer) in pairwise(blocks)
        if language == "sh" and text != START
    ]


def run_on(stack: DemoStack, folder: Path, commands: list[str]) -> list[str]:
    """The output of each block; all of them run in one shell, as they do for a person."""

    def adapted(text: str) -> str:
        text = re.sub(r"127\.0\.0\.1:(\d+)", lambda m: stack.url(int(m[1]))[7:], text)
        text = text.replace("./dev ", "dev ")
        return text.replace("curl -sN", f"curl -sN --max-time {STREAM_SECONDS}")

    script = [f'dev() {{ "{sys.executable}" -m devstack "$@" --home "{stack.home}"; }}']
    outputs = [folder / str(number) for number, _ in enumerate(commands)]
    for text, output in zip(commands, outputs, strict=True):
        script.append(f'{{ {adapted(text)} }} >"{output}"')
    subprocess.run(["bash", "-c", "\n".join(script)], cwd=ROOT, timeout=120, check=False)
    return [output.read_text() for output in outputs]


def assert_shown(shown: Any, actual: Any, place: str = "answer") -> None:
    """Everything that is shown is there; `…` stands for any value, and the rest is left out."""
    if shown == ANY:
        return
    if isinstance(shown, dict):
        assert isinstance(actual, dict), place
        for name, value in shown.items():
            assert name in actual, f"{place} has no {name}"
            assert_shown(value, actual[name], f"{place}.{name}")
    elif isinstance(shown, list):
        assert len(actual) >= len(shown), place
        for number, (one, other) in enumerate(zip(shown, actual, strict=False)):
            assert_shown(one, other, f"{place}[{number}]")
    else:
        assert shown == actual, place


def assert_begins(shown: str, actual: str) -> None:
    pattern = ".*".join(map(re.escape, shown.strip().split(ANY)))
    assert re.match(pattern, actual), actual[:500]


@pytest.fixture
def fresh(demo: DemoStack) -> Iterator[DemoStack]:
    """The stack as it is after its start: no teacher has been read, nobody has signed in."""
    begin_again(demo)
    yield demo
    demo.command("fault", "clear")
    # The faults of the page leave open breakers behind, which the next tests would see.
    begin_again(demo)


def begin_again(stack: DemoStack) -> None:
    Redis(port=REDIS_PORT + stack.offset).flushall()
    assert stack.command("restart", "bff_teacher").returncode == 0


def test_each_command_of_the_page_gives_the_answer_that_is_shown(
    fresh: DemoStack, tmp_path: Path
) -> None:
    blocks = shell_blocks()
    outputs = run_on(fresh, tmp_path, [commands for commands, _ in blocks])

    answered = [(answer, got) for (_, answer), got in zip(blocks, outputs, strict=True) if answer]
    assert len(answered) == 5
    for answer, got in answered:
        if answer.startswith("{"):
            # An order such as `./dev fault` says a line of its own before.
            assert_shown(json.loads(answer), json.loads(got[got.index("{") :]))
        else:
            assert_begins(answer, got)


def test_commands_in_the_text_are_commands(demo: DemoStack) -> None:
    named = set(re.findall(r"`\./dev ([^`]+)`", README))

    assert named == {"up", "info", "status", "help", "fault clear", "watch anna.lindqvist"}
    for words in (["info"], ["status"], ["fault", "clear"], ["watch", "anna.lindqvist", "--once"]):
        done = demo.command(*words)
        assert done.returncode == 0, done.stderr


def test_addresses_of_the_page_answer(screens: DemoStack) -> None:
    for port, path in re.findall(r"<http://127\.0\.0\.1:(\d+)(/\S*)>", README):
        assert httpx.get(f"{screens.url(int(port))}{path}", timeout=10).status_code == 200


@pytest.mark.parametrize("link", links_in(README))
def test_link_leads_somewhere(link: str) -> None:
    page, _, anchor = link.partition("#")
    if page.startswith("https://"):
        return

    target = ROOT / page
    assert target.exists()
    assert not anchor or anchor in anchors_in(target.read_text())


def test_page_is_read_in_three_minutes() -> None:
    words = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL).split()

    # People read about 230 words of such text in a minute.
    assert len(words) <= 3 * 230
