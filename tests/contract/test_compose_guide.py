"""The files that the guide shows are those that Compose merges with ours."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tools.compose.documents import BASE, EXAMPLE, GUIDE, ROOT, compose

TEXT = (ROOT / GUIDE).read_text("utf-8")


@pytest.mark.parametrize("snippet", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_snippets_of_the_guide_are_merged_and_publish_their_ports(
    tmp_path: Path, snippet: str
) -> None:
    mine = tmp_path / "mine.yml"
    mine.write_text(snippet)
    merged = compose(
        *("--env-file", EXAMPLE, "-f", BASE, "-f", str(mine), "config", "--format", "json")
    )

    services = json.loads(merged)["services"]

    for name in yaml.safe_load(snippet)["services"]:
        (port,) = services[name]["ports"]
        assert (port["host_ip"], port["published"]) == ("127.0.0.1", str(port["target"]))
        assert services[name]["healthcheck"]["test"][-1] == port["published"]
