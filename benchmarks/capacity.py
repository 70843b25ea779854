"""Arithmetic of many teachers at one time, from named measurements and assumptions.

`python -m benchmarks.capacity` prints the tables of docs/scaling.md. Change a figure in
`capacity_inputs`, or give `--teachers`; a test holds the page against the output.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.capacity_inputs import INPUTS, value
from benchmarks.report import markdown_table

MIB = 2**20


Row = tuple[str, str, str]


def plain(number: float, digits: int = 0) -> str:
    return f"{number:,.{digits}f}"


@dataclass(frozen=True, slots=True)
class Morning:
    """Everything that follows from the number of teachers; per second unless it says otherwise."""

    teachers: int
    quiet_poll: float = 30.0
    """S2, in seconds."""

    @property
    def arrivals(self) -> float:
        return self.teachers / value("A1") * value("A2")

    @property
    def batches(self) -> float:
        return self.teachers * value("A5") / 1800

    @property
    def essays(self) -> float:
        return self.teachers * 3 / 1800

    @property
    def requests(self) -> float:
        return self.arrivals * (1 + value("A4")) + self.batches + self.essays

    @property
    def streams(self) -> float:
        """Open at the same time."""
        return self.teachers * value("A6")

    @property
    def unfinished(self) -> float:
        """Streams of users with an unfinished batch."""
        return self.streams * value("A7")

    @property
    def stream_reads(self) -> float:
        return self.unfinished * value("M9") + (self.streams - self.unfinished) / self.quiet_poll

    @property
    def events(self) -> float:
        return self.unfinished / value("A8")

    @property
    def first_dashboard(self) -> float:
        """Microseconds: as measured, and the calls that a first one makes besides."""
        per_call = (value("M1") - value("M2")) / value("M3")
        return value("M1") + value("A3") * per_call

    @property
    def screen_cores(self) -> float:
        small = self.arrivals * value("A4") * value("M6")
        deeper = self.batches * value("M4") + self.essays * value("M5")
        return (self.arrivals * self.first_dashboard + small + deeper) / 1e6

    @property
    def stream_cores(self) -> float:
        return (self.stream_reads * value("M8") + self.events * value("M10")) / 1e6

    @property
    def gateway_cores(self) -> float:
        return (self.requests * value("M7") + self.events * value("M11")) / 1e6

    @property
    def teacher_replicas(self) -> int:
        busy = (self.screen_cores + self.stream_cores) / value("A9")
        return math.ceil(max(busy, self.streams / value("S1")))

    @property
    def gateway_replicas(self) -> int:
        return math.ceil(max(self.gateway_cores / value("A9"), self.streams / value("S1"), 2))

    @property
    def ras_bytes(self) -> float:
        """Of RAS's pages; a stream reads 50 batches, two and a half pages of 20."""
        page = value("M18") * 1e3
        # The screen reads its page, and the newest 100 for the activity of classes.
        return self.arrivals * page * (1 + 5) + self.stream_reads * page * 2.5

    @property
    def client_bytes(self) -> float:
        deeper = self.batches * value("M20") + self.essays * 9.6
        return (self.arrivals * value("M19") + deeper) * 1e3

    @property
    def monthly_gigabytes(self) -> float:
        each = value("M19") + value("A5") * value("M20") + 3 * 9.6
        return self.teachers * each / 1e6 * value("P6") * 2


def rows(morning: Morning) -> Iterator[Row]:
    it = morning
    yield "first dashboards in the peak minute", "teachers / A1 * A2", f"{plain(it.arrivals)} /s"
    yield (
        "requests",
        "first dashboards * (1 + A4) + A5 and three essays in 1,800 s",
        f"{plain(it.requests)} /s",
    )
    yield "open streams", "teachers * A6", plain(it.streams)
    yield "reads for streams", "A7 * M9, the rest once in S2", f"{plain(it.stream_reads)} /s"
    yield (
        "a first dashboard",
        "M1 + A3 * (M1 - M2) / M3",
        f"{plain(it.first_dashboard / 1000, 1)} ms",
    )
    yield "cores for screens", "M4 to M6, and the line above", plain(it.screen_cores, 1)
    yield "cores for streams", "M8 * reads, M10 * events", plain(it.stream_cores, 1)
    yield "replicas of the teacher BFF", "cores / A9, or streams / S1", plain(it.teacher_replicas)
    yield "replicas of the gateway", "M7 and M11 / A9, or streams / S1", plain(it.gateway_replicas)
    yield from memory_rows(it)
    yield from store_rows(it)


def memory_rows(it: Morning) -> Iterator[Row]:
    teacher = value("M14") + it.streams / it.teacher_replicas * value("M12") / 1024
    gateway = value("M15") + it.streams / it.gateway_replicas * value("M13") / 1024
    yield "memory of a teacher BFF", "M14 + streams * M12", f"{plain(teacher)} MiB"
    yield "memory of a gateway", "M15 + streams * M13", f"{plain(gateway)} MiB"
    yield (
        "from RAS, inside",
        "M18 for each page of 20 batches",
        f"{plain(it.ras_bytes / 1e9, 1)} GB/s",
    )
    yield "to browsers, uncompressed", "M19 and M20", f"{plain(it.client_bytes / 1e6)} MB/s"


def store_rows(it: Morning) -> Iterator[Row]:
    commands = it.stream_reads * value("M16") + it.arrivals * 9 + it.requests
    redis = it.streams * value("M17") + it.teachers * 3 * 2000
    direct = it.teacher_replicas * value("S3") + 2 * value("S4")
    facts = it.events * 4
    rows_a_day = it.teachers * 4
    yield (
        "commands of Redis",
        "M16 * reads, nine for a first dashboard, a rate limit each",
        f"{plain(commands)} /s",
    )
    yield "memory of Redis", "M17, and three values of 2 KB a teacher", f"{plain(redis / MIB)} MiB"
    yield "connections to PostgreSQL", "S3 each, S4 for two config services", plain(direct)
    yield (
        "growth of PostgreSQL",
        "A11 * four rows a teacher and day",
        f"{plain(rows_a_day * value('A11') / 1e6, 1)} GB a day",
    )
    yield (
        "facts from Kafka",
        "four an event of a batch",
        f"{plain(facts)} /s, {plain(facts * value('M21') / 1e6, 2)} cores",
    )


def costs(it: Morning) -> Iterator[Row]:
    processes = it.teacher_replicas + it.gateway_replicas + 4
    compute = processes * value("P1")
    transfer = it.monthly_gigabytes * value("P5")
    parts = (compute, value("P2"), value("P3"), value("P4"), transfer)
    yield (
        "vCPUs, one a process",
        "replicas, two config services, two admin BFFs * P1",
        f"{plain(compute)} USD",
    )
    yield "PostgreSQL, Redis, load balancer", "P2 + P3 + P4", f"{plain(sum(parts[1:4]))} USD"
    yield "transfer", f"{plain(it.monthly_gigabytes)} GB * P5", f"{plain(transfer)} USD"
    yield (
        "a month",
        "",
        f"{plain(sum(parts))} USD, {plain(sum(parts) / it.teachers * 100, 2)} cents a teacher",
    )


def by_poll(teachers: int) -> Iterator[Row]:
    """What the largest cost depends on."""
    for seconds in (value("S2"), 60.0, 300.0):
        it = Morning(teachers, seconds)
        work = f"{plain(it.stream_reads)} /s, {plain(it.stream_cores, 1)} cores"
        yield (
            f"{plain(seconds)} s",
            work,
            f"{plain(it.teacher_replicas)} replicas, {plain(it.ras_bytes / 1e9, 1)} GB/s from RAS",
        )


def inputs() -> Iterator[tuple[str, str, str, str]]:
    for name, one in INPUTS.items():
        yield name, f"{one.value:,g} {one.unit}", one.meaning, one.source


def tables(teachers: int) -> str:
    """The tables of docs/scaling.md."""
    morning = Morning(teachers)
    heads = ("", "from", "result")
    return "\n".join(
        [
            markdown_table(("", "value", "meaning", "source"), list(map(list, inputs()))),
            markdown_table(heads, list(map(list, rows(morning)))),
            markdown_table(heads, list(map(list, costs(morning)))),
            markdown_table(
                ("S2", "reads for streams", "needs"), list(map(list, by_poll(teachers)))
            ),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teachers", type=int, default=100_000)
    print(tables(parser.parse_args().teachers))


if __name__ == "__main__":
    main()
