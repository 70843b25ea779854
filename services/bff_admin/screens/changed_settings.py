"""The namespaces whose settings differ from their defaults."""

from collections.abc import Iterator

from pydantic import JsonValue

from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext
from bff_core.json_values import json_equal, json_pointer
from services.bff_admin.dto.overview_v1 import ChangedSettingsV1, ChangedValueV1
from services.bff_admin.ports import NamespaceValues

MAX_NAMESPACES = 30
"""Namespaces that are compared: the calls for more would queue behind each other."""


async def changed_settings(
    namespaces: NamespaceValues, ctx: RequestContext
) -> Fetched[list[ChangedSettingsV1]]:
    """Changed namespaces in alphabetical order.

    Raises:
        BffError: A call of the config service fails, or is refused.
    """
    known = await namespaces.all(ctx)
    written = [one.namespace for one in known.namespaces if one.version > 0][:MAX_NAMESPACES]
    async with fan_out() as group:
        tasks = [group.create_task(_changes_of(namespaces, ctx, name)) for name in written]
    changed = [task.result() for task in tasks]
    return Fetched([one for one in changed if one.values])


async def _changes_of(
    namespaces: NamespaceValues, ctx: RequestContext, name: str
) -> ChangedSettingsV1:
    async with fan_out() as group:
        reading = group.create_task(namespaces.values(ctx, name))
        defaults = group.create_task(namespaces.defaults(ctx, name))
    current = reading.result()
    return ChangedSettingsV1(
        namespace=current.namespace,
        version=current.version,
        updated_at=current.updated_at,
        updated_by=current.updated_by,
        # Spread out, because to the type checker a dict of JSON values is not a JSON value.
        values=list(changed_values({**current.values}, {**defaults.result().values})),
    )


def changed_values(
    value: JsonValue, default: JsonValue, pointer: str = ""
) -> Iterator[ChangedValueV1]:
    """Compare objects key by key, and everything else as a whole."""
    if isinstance(value, dict) and isinstance(default, dict):
        for key in sorted(value.keys() | default.keys()):
            inner = json_pointer(pointer, key)
            yield from changed_values(value.get(key), default.get(key), inner)
    elif not json_equal(value, default):
        yield ChangedValueV1(pointer=pointer, value=value, default=default)
