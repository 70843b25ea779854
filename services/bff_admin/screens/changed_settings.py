"""The namespaces whose settings are not their defaults."""

from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext
from services.bff_admin.dto.overview_v1 import ChangedSettingsV1
from services.bff_admin.dto.settings_v1 import AdminNamespaceV1
from services.bff_admin.ports import CurrentSettings
from services.bff_admin.screens.differences import differences

MOST = 30
"""Namespaces that are looked into: more would have to wait for one another."""


async def changed_settings(
    current: CurrentSettings, ctx: RequestContext
) -> Fetched[list[ChangedSettingsV1]]:
    """In alphabetical order; one that was written and is at its defaults again is left out.

    Raises:
        BffError: The config service lets us down, or refuses this admin.
    """
    known = await current.all(ctx)
    written = [one for one in known.namespaces if one.version > 0][:MOST]
    async with fan_out() as group:
        asked = [group.create_task(_changed(current, ctx, one)) for one in written]
    changed = [task.result() for task in asked]
    return Fetched([one for one in changed if one.values])


async def _changed(
    current: CurrentSettings, ctx: RequestContext, namespace: AdminNamespaceV1
) -> ChangedSettingsV1:
    async with fan_out() as group:
        now = group.create_task(current.values(ctx, namespace.namespace))
        defaults = group.create_task(current.defaults(ctx, namespace.namespace))
    settings = now.result()
    # Spread out, because a dict of JSON values is not a JSON value to the type checker.
    values = differences({**settings.values}, {**defaults.result().values})
    return ChangedSettingsV1(
        namespace=settings.namespace,
        version=settings.version,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
        values=values,
    )
