"""A shared cache that keeps nothing."""


class NullCache:
    async def get(self, key: str) -> bytes | None:  # noqa: ARG002 - the port's.
        return None

    async def put(self, key: str, value: bytes, *, ttl: float) -> None: ...

    async def drop(self, key: str) -> None: ...
