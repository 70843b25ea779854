"""Settings behind a proxy that compresses, and so weakens the entity tags of what it passes on."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devstack.seed.people import ADMIN
from tests import child_process
from tests.e2e.demo_stack import DemoStack
from tests.ports import free_port

BINARY = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  gzip on; gzip_proxied any; gzip_types application/json; gzip_min_length 1;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {upstream}; proxy_http_version 1.1; }}
  }}
}}
"""
SETTINGS = "/bff/v1/admin/settings/uploads"


@pytest.fixture
def proxy(demo: DemoStack, tmp_path: Path) -> Iterator[str]:
    """nginx before the gateway; its base URL."""
    if BINARY is None:
        pytest.skip("nginx is not installed: no compressing proxy is tried")
    port, configuration = free_port(), tmp_path / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(folder=tmp_path, port=port, upstream=demo.gateway)
    )
    process = subprocess.Popen([BINARY, "-c", str(configuration), "-p", str(tmp_path)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child_process.end(process)


@pytest.fixture
def admin(demo: DemoStack, proxy: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {demo.token(ADMIN)}", "Accept-Encoding": "gzip"}
    with httpx.Client(base_url=proxy, headers=headers, timeout=20) as client:
        deadline = time.monotonic() + 20
        while True:
            try:
                client.get("/healthz")
            except httpx.ConnectError:
                assert time.monotonic() < deadline, "nginx did not start"
                time.sleep(0.05)
            else:
                break
        yield client


def test_settings_are_saved_by_the_tag_of_the_body(admin: httpx.Client) -> None:
    read = admin.get(SETTINGS)
    change = {"values": read.json()["values"], "reason": "Nothing changes"}

    def preview(etag: str) -> httpx.Response:
        headers = {"If-Match": etag}
        return admin.put(SETTINGS, json=change, headers=headers, params={"dry_run": "true"})

    assert read.headers["Content-Encoding"] == "gzip"
    assert read.headers["ETag"] == f"W/{read.json()['etag']}"
    assert preview(read.headers["ETag"]).status_code == 412
    assert preview(read.json()["etag"]).status_code == 200
    assert "no-transform" in read.headers["Cache-Control"]
