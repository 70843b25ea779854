"""The gateway as the server of the screens: a small built folder, behind a real process."""

import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.attack.process import Gateway, gateway
from tests.e2e.attack.wire import request

PAGE = "<!doctype html><title>Lärare</title>"
CODE = "console.log('å');" * 40
SCRIPT = "/assets/index-B3xk9_Qa.js"
FONT = "/assets/plex-C4yl0_Rb.woff2"
BROTLI = b"as brotli would write it"
TREASURE = "the-secret-outside"
FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("screens")
    built = folder / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(PAGE, encoding="utf-8")
    (built / SCRIPT[1:]).write_text(CODE, encoding="utf-8")
    (built / f"{SCRIPT[1:]}.br").write_bytes(BROTLI)
    (built / f"{SCRIPT[1:]}.gz").write_bytes(gzip.compress(CODE.encode()))
    (built / FONT[1:]).write_bytes(b"wOF2")
    (built / ".env").write_text(TREASURE)
    (folder / "treasure.txt").write_text(TREASURE)
    (built / "treasure.txt").symlink_to("../treasure.txt")
    with gateway(folder, {"API_GATEWAY_STATIC_DIR": str(built)}) as running:
        yield running


def fetch(served: Gateway, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """The answer as it came, with its body not decoded."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(timeout=10) as client:
        given = {"Accept-Encoding": "identity", **named}
        with client.stream(
            method, f"http://127.0.0.1:{served.port}{path}", headers=given
        ) as answer:
            raw = b"".join(answer.iter_raw())
            return httpx.Response(answer.status_code, headers=_undecoded(answer), content=raw)


def _undecoded(answer: httpx.Response) -> list[tuple[str, str]]:
    renamed = {"content-encoding": "x-content-encoding"}
    return [(renamed.get(name, name), value) for name, value in answer.headers.multi_items()]


@pytest.mark.parametrize("path", ["/", "/index.html", "/login", "/app/batches/7", "/admin/%C3%A5k"])
def test_pages_are_the_index_and_asked_for_anew(served: Gateway, path: str) -> None:
    answer = fetch(served, path, Accept="text/html,*/*;q=0.8")

    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_files_leave_with_one_strict_policy(served: Gateway) -> None:
    for path in ("/", SCRIPT):
        headers = fetch(served, path).headers
        (policy,) = headers.get_list("content-security-policy")
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

        assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
        assert "unsafe" not in policy
        for name, value in (
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ):
            assert headers.get_list(name) == [value]


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip, deflate, br, zstd", "br", BROTLI),
        ("gzip", "gzip", None),
        ("br;q=0, gzip;q=0.5", "gzip", None),
        ("gzip;q=1, br;q=0.2", "gzip", None),
        ("identity", None, CODE.encode()),
        ("", None, CODE.encode()),
        ("zstd", None, CODE.encode()),
        ("*", "br", BROTLI),
    ],
)
def test_asset_is_kept_for_a_year_in_the_coding_that_fits(
    served: Gateway, accepted: str, coding: str | None, body: bytes | None
) -> None:
    answer = fetch(served, SCRIPT, Accept_Encoding=accepted)

    assert answer.headers.get("x-content-encoding") == coding
    assert (gzip.decompress(answer.content) if body is None else answer.content) == (
        body or CODE.encode()
    )
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == FOREVER
    assert "Accept-Encoding" in answer.headers.get_list("vary")


def test_file_without_a_compressed_copy_varies_with_nothing(served: Gateway) -> None:
    answer = fetch(served, FONT, Accept_Encoding="br")

    assert (answer.content, answer.headers["cache-control"]) == (b"wOF2", FOREVER)
    assert "Accept-Encoding" not in answer.headers.get_list("vary")


def test_tag_is_that_of_one_coding(served: Gateway) -> None:
    plain, brotli = fetch(served, SCRIPT), fetch(served, SCRIPT, Accept_Encoding="br")

    same = fetch(served, SCRIPT, Accept_Encoding="br", If_None_Match=brotli.headers["etag"])
    other = fetch(served, SCRIPT, Accept_Encoding="br", If_None_Match=plain.headers["etag"])

    assert (same.status_code, same.content, same.headers["cache-control"]) == (304, b"", FOREVER)
    assert "x-content-encoding" not in same.headers
    assert (other.status_code, other.content) == (200, BROTLI)
    assert fetch(served, "/", If_None_Match=fetch(served, "/").headers["etag"]).status_code == 304


def test_head_is_get_without_the_body(served: Gateway) -> None:
    for path in ("/app", SCRIPT):
        got = fetch(served, path, Accept_Encoding="br")
        head = fetch(served, path, "HEAD", Accept_Encoding="br")

        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "cache-control"):
            assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    "path",
    ["/bff", "/bff/v1/nope", "/v1/nope", "/v1/auth/nope", "/api", "/api/nope", "/%76%31/nope"],
)
def test_unknown_path_of_an_api_keeps_its_envelope(served: Gateway, path: str) -> None:
    answer = fetch(served, path, Accept="text/html")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "RESOURCE_NOT_FOUND")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; frame")


@pytest.mark.parametrize(
    "target",
    [
        "/assets/gone-B3xk9_Qa.js",
        f"{SCRIPT}.br",
        f"{SCRIPT}.gz",
        "/assets",
        "/assets/",
        "/treasure.txt",
        "/../treasure.txt",
        "/%2e%2e/treasure.txt",
        "/..%2ftreasure.txt",
        "/assets/..%5c..%5ctreasure.txt",
        "/assets/../../treasure.txt",
        "//treasure.txt",
        "/treasure.txt%00.js",
        "/.env",
        "/%2eenv",
    ],
)
def test_what_is_neither_page_nor_file_is_404(served: Gateway, target: str) -> None:
    answer = served.ask(request("GET", target, [("Accept", "text/html")]))

    assert answer.status in {400, 404}
    assert TREASURE.encode() not in answer.body
    assert b'"error"' in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_pages_take_nothing(served: Gateway, method: str) -> None:
    assert fetch(served, "/app", method).status_code in {404, 405}


def test_own_addresses_stay_the_gateway_s(served: Gateway) -> None:
    health = fetch(served, "/healthz").json()

    assert health["checks"].items() >= {"index_exists": True, "assets_dir_exists": True}.items()
    assert fetch(served, "/openapi.json").json()["info"]["title"] == "HuleEdu gateway"
    assert fetch(served, "/bff/v1/teacher/me").status_code == 401
    assert 'route="front_end"' in fetch(served, "/metrics").text


def test_folder_that_is_not_there_is_one_line_at_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="cannot start: API_GATEWAY_STATIC_DIR: /no/such"),
        gateway(tmp_path, {"API_GATEWAY_STATIC_DIR": "/no/such/folder"}),
    ):
        raise subprocess.SubprocessError("it started")
