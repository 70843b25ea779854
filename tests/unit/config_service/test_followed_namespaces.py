"""Shipped settings tell whoever changes them whether any service follows them."""

from pathlib import Path

from services.config_service.namespaces import SHIPPED, load_namespaces

SERVICES = Path(__file__).parents[3] / "services"


def test_settings_that_no_service_follows_say_so() -> None:
    sources = "".join(path.read_text("utf-8") for path in SERVICES.glob("*/clients/*.py"))

    for name, namespace in load_namespaces(SHIPPED).items():
        is_followed = f"/v1/settings/{name}" in sources
        assert ("has no effect" in namespace.description) is not is_followed
