"""Connections of the process: reported by `/ready`, closed after the last response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bff_core.ports import BreakerStatus, HealthChecked
from services.config_service.implementations.change_feed import RedisChangeFeed
from services.config_service.implementations.database import SqlDatabase


@dataclass(frozen=True, slots=True)
class StorageDependencies:
    database: SqlDatabase
    redis: RedisChangeFeed | None = None

    @property
    def dependencies(self) -> tuple[HealthChecked, ...]:
        return (self.database, self.redis) if self.redis else (self.database,)

    def breakers(self) -> Sequence[BreakerStatus]:
        """Empty: this service calls no other."""
        return ()

    def reports(self) -> Mapping[str, Mapping[str, object]]:
        """Nothing works in the background."""
        return {}

    async def aclose(self) -> None:
        if self.redis:
            await self.redis.close()
        await self.database.close()
