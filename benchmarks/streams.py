"""Cost of an event on many streams: through the gateway, and at the teacher BFF.

The gateway forwards the events of one service. The BFF receives bursts of messages on Redis, reads
RAS again for each user, and sends the activities and changes to each of the user's streams.
"""

import asyncio
import json
from argparse import Namespace
from pathlib import Path

from benchmarks import gateway_streams, live_updates
from benchmarks.report import markdown_table, show_table

STREAMS = (100, 1000)
SECONDS, EVENT_EVERY = 15.0, 1.0
TEACHER = Namespace(users=50, streams=200, rounds=10, idle=1000, idle_seconds=30.0)
HEADINGS = ("", "streams", "CPU µs/event and stream", "last to receive, ms", "RSS MiB")


def show(path: Path, *, as_markdown: bool) -> None:
    """Measure both services, write the figures to `path` and print them as a table."""
    gateway_streams.allow_files(max(STREAMS) * 4 + 256)
    gateway = [
        asyncio.run(gateway_streams.measure(number, SECONDS, EVENT_EVERY)) for number in STREAMS
    ]
    teacher = asyncio.run(live_updates.measure(TEACHER))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"gateway": gateway, "bff_teacher": teacher}, indent=1), "utf-8")
    columns = ("streams", "cpu_us_per_event", "last_to_receive_worst_ms", "gateway_mib")
    cells: list[tuple[object, ...]] = [
        ("gateway", *(one[column] for column in columns)) for one in gateway
    ]
    worst = teacher["batch_changed_ms"]["worst"]
    cells.append(("bff_teacher", TEACHER.streams, teacher["cpu_us_per_event"], worst, ""))
    idle = f"bff_teacher, idle: {teacher['idle_cpu_percent']} % of a core"
    cells.append((idle, TEACHER.idle, "", "", teacher["idle_mib"]))
    rows = [[str(cell) for cell in row] for row in cells]
    if as_markdown:
        print(markdown_table(HEADINGS, rows))
    else:
        show_table("Fan-out of events", HEADINGS, rows)
