"""The teacher BFF as the platform's own: on its port's settings, with a built front end, under attack."""

import http.client
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from bff_core.testing import SECRET
from tests.e2e.bff_process import BffProcess, bff_process

PAGE = "<!doctype html><title>Lärare</title>"
SCRIPT = "/assets/index-B3xk9_Qa.js"
TREASURE = "the-secret-outside"
ANSWER_BYTES = 256 * 1024


@pytest.fixture(scope="module")
def bff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BffProcess]:
    """Told where everything is by the names that the platform's own teacher BFF reads."""
    folder = tmp_path_factory.mktemp("front-end")
    built = folder / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(PAGE, encoding="utf-8")
    (built / SCRIPT[1:]).write_text("console.log('å')", encoding="utf-8")
    (built / ".env").write_text(TREASURE)
    (folder / "treasure.txt").write_text(TREASURE)
    (built / "treasure.txt").symlink_to("../treasure.txt")
    environ = {
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
        "BFF_TEACHER_SERVICE_HOST": "127.0.0.1",
        "BFF_TEACHER_SERVICE_RAS_URL": "http://127.0.0.1:9",
        "BFF_TEACHER_SERVICE_CMS_URL": "http://127.0.0.1:9",
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}",
        "BFF_TEACHER_SERVICE_STATIC_DIR": str(built),
    }
    with bff_process(folder, environ) as process:
        yield process


def raw(bff: BffProcess, target: str, *, method: str = "GET", headers: str = "") -> bytes:
    """What comes back for exactly these bytes; a client library would tidy them up."""
    host, port = "127.0.0.1", urlsplit(bff.url).port
    request = f"{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n"
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(request.encode("latin-1"))
        answer = b""
        while (piece := connection.recv(65536)) and len(answer) < ANSWER_BYTES:
            answer += piece
    return answer


@pytest.mark.parametrize(
    "target",
    [
        "/../treasure.txt",
        "/..%2ftreasure.txt",
        "/%2e%2e/treasure.txt",
        "/%2e%2e%2ftreasure.txt",
        "/%252e%252e%252ftreasure.txt",
        "/assets/../../treasure.txt",
        "/assets/..%5c..%5ctreasure.txt",
        "/..;/treasure.txt",
        "/.%00./treasure.txt",
        "/%c0%ae%c0%ae/treasure.txt",
        "/treasure.txt",
        "/treasure.txt%00.js",
        "/.env",
        "/%2eenv",
        "/assets/../.env",
        "//treasure.txt",
        "/./treasure.txt",
        "/index.html/../../treasure.txt",
    ],
)
def test_nothing_outside_the_build_comes_out(bff: BffProcess, target: str) -> None:
    answer = raw(bff, target)

    assert TREASURE.encode() not in answer
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))


@pytest.mark.parametrize("target", ["/%76%31/teacher/nope", "/bff%2fv1/nope", "/BFF/v1/x"])
def test_disguised_address_of_an_api_gets_no_page(bff: BffProcess, target: str) -> None:
    answer = raw(bff, target)

    assert answer.startswith(b"HTTP/1.1 404")
    assert b"RESOURCE_NOT_FOUND" in answer


@pytest.mark.parametrize("path", ["/app/dashboard", SCRIPT, "/gone.css"])
def test_head_is_get_without_the_body(bff: BffProcess, path: str) -> None:
    got = httpx.get(f"{bff.url}{path}")

    head = httpx.head(f"{bff.url}{path}")

    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "content-length", "etag", "cache-control"):
        if path != "/gone.css" or name == "content-type":
            assert head.headers.get(name) == got.headers.get(name), name


def test_connection_lives_on_after_head_and_304(bff: BffProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(bff.url).port or 0, timeout=5)
    tag = httpx.get(f"{bff.url}{SCRIPT}").headers["etag"]
    seen = []
    for method, headers in (("HEAD", {}), ("GET", {"If-None-Match": tag}), ("GET", {})):
        connection.request(method, SCRIPT, headers=headers)
        answer = connection.getresponse()
        seen.append((answer.status, len(answer.read())))
    connection.close()

    assert seen == [(200, 0), (304, 0), (200, len("console.log('å')".encode()))]


def test_304_names_no_content_type(bff: BffProcess) -> None:
    tag = httpx.get(f"{bff.url}{SCRIPT}").headers["etag"]

    answer = httpx.get(f"{bff.url}{SCRIPT}", headers={"If-None-Match": tag})

    assert answer.status_code == 304
    assert "content-type" not in answer.headers


def test_long_and_odd_paths_leave_the_service_standing(bff: BffProcess) -> None:
    for target in ("/" + "a" * 30_000, "/" + "a/" * 10_000, "/" + "%25" * 5_000, "/\xff\xfe"):
        assert raw(bff, target)[:12] in {b"HTTP/1.1 200", b"HTTP/1.1 404", b"HTTP/1.1 400"}

    assert httpx.get(f"{bff.url}/healthz").status_code == 200
