"""Inputs of the arithmetic in `capacity`: measurements, settings, assumptions and prices."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """An input by its short name; `source` names the measurement, the setting or the assumption."""

    value: float
    unit: str
    meaning: str
    source: str


MEASURED = {
    "M1": Figure(
        9784, "µs", "a dashboard of new batches, class data cached", "performance: dashboard"
    ),
    "M2": Figure(2011, "µs", "a dashboard from the cache", "performance: cached"),
    "M3": Figure(13, "calls", "downstream calls that M1 makes and M2 does not", "performance"),
    "M4": Figure(2863, "µs", "a batch", "performance: detail"),
    "M5": Figure(2971, "µs", "an essay", "performance: essay"),
    "M6": Figure(
        433, "µs", "a small read: profile, notifications, credits", "performance: profile"
    ),
    "M7": Figure(
        496, "µs", "a request at the gateway with a session cookie", "performance: gateway"
    ),
    "M8": Figure(
        4500, "µs", "a read for a stream, with five to wake; busy machine", "live_updates"
    ),
    "M9": Figure(0.26, "reads/s", "a user with an unfinished batch", "live_updates"),
    "M10": Figure(498, "µs", "an event on a stream, at the teacher BFF", "performance: streams"),
    "M11": Figure(101, "µs", "an event on a stream, at the gateway", "performance: streams"),
    "M12": Figure(45, "KiB", "a stream at the teacher BFF", "live_updates"),
    "M13": Figure(40, "KiB", "a stream at the gateway", "performance: streams"),
    "M14": Figure(178, "MiB", "a teacher BFF with a full cache", "performance: dashboard"),
    "M15": Figure(101, "MiB", "a gateway", "performance: gateway"),
    "M16": Figure(25, "commands", "of Redis for a read for a stream", "live_updates"),
    "M17": Figure(6055, "bytes", "in Redis for a user with streams", "live_updates"),
    "M18": Figure(240, "KB", "RAS's page of 20 batches of 25 essays", "performance: method"),
    "M19": Figure(39.8, "KB", "our dashboard of 20 batches", "scenario `dashboard`, its body"),
    "M20": Figure(16.7, "KB", "our batch; an essay is 9.6 KB", "scenario `detail`, its body"),
    "M21": Figure(61, "µs", "a new fact from Kafka", "performance: events"),
}
SETTINGS = {
    "S1": Figure(
        2000, "streams", "a process of the teacher BFF or the gateway", "LIVE__PER_PROCESS"
    ),
    "S2": Figure(30, "s", "between reads of a quiet stream", "LIVE__POLL"),
    "S3": Figure(4, "connections", "to PostgreSQL of a teacher BFF, at most", "ledger"),
    "S4": Figure(8, "connections", "to PostgreSQL of a config service, at most", "config service"),
    "S5": Figure(64, "connections", "to Redis of a client, at most", "redis_client"),
}
ASSUMED = {
    "A1": Figure(600, "s", "in which all teachers arrive", "a school's morning"),
    "A2": Figure(3, "times", "the mean in the peak minute", "a guess"),
    "A3": Figure(
        9, "calls", "more for a first dashboard: classes, rosters, names, activity", "screens"
    ),
    "A4": Figure(4, "reads", "small ones beside a dashboard", "the screens of `web/`"),
    "A5": Figure(2, "batches", "opened by each, and three essays, within half an hour", "a guess"),
    "A6": Figure(0.5, "share", "of the teachers with a screen open at the same time", "a guess"),
    "A7": Figure(0.1, "share", "of these with an unfinished batch", "a guess"),
    "A8": Figure(60, "s", "between events of such a batch", "a guess"),
    "A9": Figure(0.6, "share", "of a core that a process may use", "the rest is for peaks"),
    "A10": Figure(1, "core", "of the cloud is as fast as the benchmark's", "measure yours"),
    "A11": Figure(5, "KB", "a table row of the ledger's database, indexes included", "a guess"),
}
PRICES = {
    "P1": Figure(35, "USD", "a vCPU with 4 GiB for a month, on demand", "assumed, November 2026"),
    "P2": Figure(
        320, "USD", "PostgreSQL, 2 vCPU, with a standby, a month", "assumed, November 2026"
    ),
    "P3": Figure(250, "USD", "Redis, 6 GiB, with a replica, a month", "assumed, November 2026"),
    "P4": Figure(60, "USD", "a load balancer for a month", "assumed, November 2026"),
    "P5": Figure(0.09, "USD", "a GB to the internet", "assumed, November 2026"),
    "P6": Figure(22, "days", "of school in a month, each with two such peaks", "assumed"),
}
INPUTS = MEASURED | SETTINGS | ASSUMED | PRICES


def value(name: str) -> float:
    return INPUTS[name].value
