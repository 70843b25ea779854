"""Faults of settings with which several replicas would answer differently."""


def redis_faults(replicas: int) -> list[str]:
    """The fault of several replicas without a Redis that they share."""
    return [f"REDIS_URL is not set, and REPLICAS={replicas} needs one for all"] * (replicas > 1)


def sqlite_faults(replicas: int, variable: str) -> list[str]:
    """The fault of several replicas whose database is a file of one machine."""
    fault = f"{variable} is SQLite, and REPLICAS={replicas} needs one PostgreSQL for all"
    return [fault] * (replicas > 1)
