"""The gateway names the screen of a forwarded request by its template."""

import json

import pytest

from services.gateway.api.screens_document import SCREENS, ScreenTemplates

BATCHES = "/bff/v1/teacher/batches"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/bff/v1/teacher/dashboard", "/bff/v1/teacher/dashboard"),
        (f"{BATCHES}/b-1", f"{BATCHES}/<batch_id>"),
        (f"{BATCHES}/b-1/essays/e-1", f"{BATCHES}/<batch_id>/essays/<essay_id>"),
        ("/bff/v1/admin/users/pending", "/bff/v1/admin/users/pending"),
        ("/bff/v1/admin/settings/uploads", "/bff/v1/admin/settings/<namespace>"),
        ("/bff/v1/teacher/no/such/screen", None),
        ("/bff/v1/teacher/b\xe4tch", None),
        ("/bff/v1/teacher/dashboard/", None),
    ],
)
def test_path_has_the_template_of_its_screen(path: str, template: str | None) -> None:
    assert ScreenTemplates.of_bffs().find(path.encode("latin-1")) == template


def test_each_screen_of_the_bffs_has_a_template_without_braces() -> None:
    templates = ScreenTemplates.of_bffs()

    for path in json.loads(SCREENS.read_bytes())["paths"]:
        found = templates.find(path.replace("{", "x").replace("}", "x").encode())
        assert found is not None
        assert found.replace("<", "{").replace(">", "}") == path
