"""The file service: uploads that are accepted unseen, and the lock that a running phase puts on a batch."""

from devstack.emulators.files.app import create_app

__all__ = ["create_app"]
