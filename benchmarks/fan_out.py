"""What it costs to tell many streams of one event: through the gateway, and at the teacher BFF.

The gateway passes on what one service says to all. The BFF hears bursts of messages on Redis, reads
RAS again for each user, and tells each stream of the user what was said and what changed.
"""

import asyncio
import json
from argparse import Namespace
from pathlib import Path

from benchmarks import gateway_streams, live_updates
from benchmarks.report import show_table, table

STREAMS = (100, 1000)
EVERY, SECONDS = 1.0, 15.0
LISTENERS, USERS, ROUNDS, IDLE, IDLE_SECONDS = 200, 50, 10, 1000, 30.0
HEADINGS = ("", "streams", "CPU µs/event and stream", "last to hear, ms", "RSS MiB")


def show(path: Path, *, as_markdown: bool) -> None:
    gateway_streams.allow_files(max(STREAMS) * 4 + 256)
    gateway = [asyncio.run(gateway_streams.hold(number, SECONDS, EVERY)) for number in STREAMS]
    asked = Namespace(
        users=USERS, streams=LISTENERS, rounds=ROUNDS, idle=IDLE, idle_seconds=IDLE_SECONDS
    )
    teacher = asyncio.run(live_updates.measured(asked))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"gateway": gateway, "bff_teacher": teacher}, indent=1), "utf-8")
    rows = [
        *(
            _row(
                "gateway",
                one["streams"],
                one["cpu_us_per_event"],
                one["last_to_hear_worst_ms"],
                one["gateway_mib"],
            )
            for one in gateway
        ),
        _row(
            "bff_teacher",
            LISTENERS,
            teacher["cpu_us_per_event"],
            teacher["batch_changed_ms"]["worst"],
            "",
        ),
        _row(
            f"bff_teacher, idle: {teacher['idle_cpu_percent']} % of a core",
            IDLE,
            "",
            "",
            teacher["idle_mib"],
        ),
    ]
    print(table(HEADINGS, rows)) if as_markdown else show_table("Fan-out of events", HEADINGS, rows)


def _row(*cells: object) -> list[str]:
    return [str(cell) for cell in cells]
