"""What the emulators other than RAS read from their environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.seed.store import database_path


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """`class_info` is `fixed`, or `shipped` where CMS's class-info never answers."""

    database: Path
    internal_api_key: str = ""
    class_info: str = "fixed"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "EmulatorSettings":
        return cls(
            database=database_path(),
            internal_api_key=environ.get("HULEEDU_INTERNAL_API_KEY", ""),
            class_info=environ.get("DEVSTACK_CMS_CLASS_INFO", "fixed"),
        )
