"""Maintenance settings of the config service; unknown fields are skipped."""

import msgspec


class MaintenanceValues(msgspec.Struct):
    read_only: bool = False
    show_banner: bool = False
    banner: dict[str, str] = {}


class MaintenanceSettings(msgspec.Struct):
    values: MaintenanceValues
