"""The content service: texts by id, for whoever has the id."""

from devstack.emulators.content.app import create_app

__all__ = ["create_app"]
