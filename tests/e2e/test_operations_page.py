"""The commands of docs/operations.md, run as an operator runs them."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from devstack.seed.people import ADMIN, ANNA
from devstack.supervisor.keys import load_keys
from tests.e2e.demo_stack import DemoStack
from tests.ports import free_port
from tools.markdown import code_blocks

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
LIMIT = 60.0

pytestmark = pytest.mark.own_stack


def block_with(words: str) -> str:
    """The block of commands that holds these words."""
    [text] = [text for language, text in code_blocks(PAGE) if language == "sh" and words in text]
    return text


def run(script: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The lines that the commands print; `python` is the interpreter of the tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env={"PATH": path, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return (done.stdout + done.stderr).splitlines()


def test_ready_is_read_as_the_page_says(demo: DemoStack) -> None:
    command = block_with("/ready").replace("localhost:4101", demo.url(4101)[7:])

    shown: Any = json.loads("\n".join(run(command)))

    assert shown["status"] == "ready"
    redis = next(one for one in shown["dependencies"] if one["name"] == "redis")
    assert redis["reachable"] is True


def test_restore_is_tested_as_the_page_says(demo: DemoStack, tmp_path: Path) -> None:
    copy, keys = tmp_path / "copy.db", load_keys(demo.home / "keys.json")
    live = sqlite3.connect(demo.home / "data" / "config.db")
    with closing(live), closing(sqlite3.connect(copy)) as target:
        # The same as the page's `.backup`.
        live.backup(target)
        heads = live.execute("SELECT mac FROM config_audit_head").fetchall()
    environ = {
        "ENVIRONMENT": "development",
        "JWT_SECRET_KEY": keys.jwt_secret,
        "HULEEDU_INTERNAL_API_KEY": keys.internal_api_key,
        "CONFIG_SERVICE_AUDIT_KEY": keys.audit_key,
        "K": keys.internal_api_key,
        "T": demo.token(ADMIN),
        "HEAD": heads[0][0] if heads else "0" * 64,
    }
    commands = block_with("/v1/audit/verify").replace("sqlite:///copy.db", f"sqlite:///{copy}")

    lines = run(commands.replace("4113", str(free_port())), environ)

    assert lines[0].startswith("valid: ")
    assert any('"valid":true' in line for line in lines), lines
    assert any('"namespace":"maintenance"' in line for line in lines), lines


def test_statements_for_an_unknown_confirmation_fit_the_ledger(demo: DemoStack) -> None:
    section = PAGE[PAGE.index("### Confirmation unknown") :]
    find, settle = re.findall(r"`((?:SELECT|UPDATE) [^`]+;)`", section)[:2]
    # A screen has been read: the ledger was made.
    assert demo.get_directly(ANNA, "/dashboard").status_code == 200

    with closing(sqlite3.connect(demo.home / "data" / "teacher-ledger.sqlite3")) as ledger:
        assert ledger.execute(find).fetchall() == []
        assert ledger.execute(settle.replace("…", "-1")).rowcount == 0
        ledger.rollback()
