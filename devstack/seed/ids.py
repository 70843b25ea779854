"""Identifiers that are the same in every run: a name in, an id out."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("5d1c7c3e-8d0e-5a43-9a0f-2f6f1f1c9b10")


def fixed_id(name: str) -> str:
    """A UUID in its canonical text form."""
    return str(uuid5(_NAMESPACE, name))


def storage_id(name: str) -> str:
    """32 lower-case hex characters, the way Content names a text."""
    return uuid5(_NAMESPACE, f"storage/{name}").hex
