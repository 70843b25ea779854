"""Assignments into other packages, and imports of their internals, are refused."""

from pathlib import Path

import pytest

from tools.check_foreign_names import findings_in, main

REFUSED = {
    "a module's attribute": "import quart.app\nquart.app.Quart = None",
    "a module's attribute under another name": "from quart import json as j\nj.dumps = None",
    "a class's attribute": "from quart import Quart\nQuart.response_class = None",
    "a class's attribute by setattr": "from quart import Quart\nsetattr(Quart, name, None)",
    "a deletion": "import quart\ndel quart.Quart",
    "a tuple's target": "import quart\nquart.a, b = 1, 2",
    "a method of a new instance": "from quart import Quart\napp = Quart(n)\napp.make_response = f",
    "a method by setattr": "from quart import Quart\napp = Quart(n)\nsetattr(app, 'run', f)",
    "a method of a parameter": "from quart import Quart\ndef f(a: Quart): a.make_response = g",
    "a quoted annotation": "from quart import Quart\ndef f(a: 'Quart'): a.make_response = g",
    "an optional parameter": "from quart import Quart\ndef f(a: Quart | None): a.run = g",
    "an outer name": "from quart import Quart\napp = Quart(n)\ndef f():\n  app.run = g",
    "a context manager": "import aiohttp\nwith aiohttp.ClientSession() as s:\n  s.get = f",
    "a private attribute": "from quart import Quart\napp = Quart(n)\napp._static = None",
    "a private import": "from granian._granian import RSGIHeaders",
    "a private name": "from quart.app import _websocket",
    "a private attribute of a module": "import quart.app\nquart.app._x()",
    "a protocol of Hypercorn": "from hypercorn.protocol.h11 import H11Protocol",
    "an asyncio module of Hypercorn": "import hypercorn.asyncio.tcp_server",
    "another name beside serve": "from hypercorn.asyncio import serve, worker_serve",
    "an override of an inner method": "from quart.asgi import ASGIHTTPConnection as B\n"
    "class C(B):\n  def _create_request_from_scope(self, send): ...",
    "an import inside a function": "def f():\n  from hypercorn.protocol import h11",
}
ALLOWED = {
    "the public serve": "from hypercorn.asyncio import serve\nfrom hypercorn.config import Config",
    "a setting of a config": "from hypercorn.config import Config\nc = Config()\nc.bind = []",
    "a documented attribute": "from quart import Response\ndef f(r: Response): r.timeout = 1",
    "the documented middleware seam": "from quart import Quart\ndef f(a: Quart): a.asgi_app = g",
    "an attribute of self": "class C:\n  def __init__(self): self._x = 1",
    "a class of our own": "from bff_core.errors import BffError\nBffError.code = 1",
    "a module of the standard library": "import sys\nsys.stdout = None",
    "a name that hides an import": "from quart import Quart\ndef f(Quart): Quart.x = 1",
    "a name bound anew": "from quart import Quart\na = Quart(n)\na = mine()\na.run = 1",
    "an override of a public method": "from quart import Quart\n"
    "class C(Quart):\n  def create_url_adapter(self, request): ...\n  def _own(self): ...",
    "a dunder": "from quart import __version__",
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_reaching_into_another_package_is_refused(source: str) -> None:
    assert list(findings_in(source))


@pytest.mark.parametrize("source", ALLOWED.values(), ids=ALLOWED)
def test_public_use_passes(source: str) -> None:
    assert list(findings_in(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from hypercorn.protocol.h11 import H11Protocol as Base\nclass C(Base): ...",
        "import hypercorn.protocol.h11\nclass C(hypercorn.protocol.h11.H11Protocol): ...",
    ],
)
def test_subclass_of_an_internal_class_is_named_beside_its_import(source: str) -> None:
    lines = [message for _, message in findings_in(source)]

    expected = "subclasses hypercorn.protocol.h11.H11Protocol, which is internal to its package"
    assert lines[1:] == [expected]


def test_command_names_the_place_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "patch.py"
    file.write_text("import quart\n\nquart.x = 1\n")

    assert main([str(tmp_path)]) == 1
    assert f"{file}:3: assigns quart.x" in capsys.readouterr().out
    file.write_text("import quart\n")
    assert main([str(tmp_path)]) == 0
