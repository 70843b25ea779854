"""What `./dev watch` shows: a table of the batches, and a line for what has just happened."""

import json
from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from devstack.following import printable
from devstack.stream_client import Ended, Update
from devstack.stream_client.json_text import Json, JsonObject

_LONGEST_LINE = 400
_COLUMNS = {
    "title": "title",
    "class": "class_name",
    "status": "status",
    "phase": "current_phase",
    "essays": "total_essays",
    "done": "completed_essays",
    "failed": "failed_essays",
    "%": "progress_percent",
    "updated": "last_updated",
}
_STYLES = {
    "completed_successfully": "green",
    "completed_with_failures": "yellow",
    "failed": "red",
    "pending_content": "cyan",
    "processing": "cyan",
}


def batch_table(batches: Mapping[str, JsonObject], said: str) -> Table:
    """Newest first; what was said last stands below."""
    table = Table(*_COLUMNS, caption=Text(said), caption_justify="left")
    newest = sorted(
        batches.items(),
        key=lambda pair: (str(pair[1].get("created_at", "")), pair[0]),
        reverse=True,
    )
    for _, batch in newest:
        style = _STYLES.get(str(batch.get("status")), "")
        cells = [_cell(batch.get(name)) for name in _COLUMNS.values()]
        table.add_row(*(Text(cell, style if n == 2 else "") for n, cell in enumerate(cells)))
    return table


def line_of(item: Update | Ended, batches: Mapping[str, JsonObject]) -> str:
    """One line for one event; nothing that the server sent may steer the terminal."""
    if isinstance(item, Ended):
        return f"disconnected: {printable(item.reason)}; next try in {item.pause:.1f} s"
    words = [item.event, *_details(item, batches)]
    line = printable(" ".join(words))
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def _details(item: Update, batches: Mapping[str, JsonObject]) -> list[str]:
    data = item.data
    if item.event == "snapshot":
        return [f"version={data.get('version')}", f"batches={len(batches)}"]
    rest = {name: value for name, value in data.items() if name not in {"batch_id", "version"}}
    batch_id = data.get("batch_id")
    named = [] if batch_id is None else [_name(str(batch_id), batches)]
    return [*named, json.dumps(rest, ensure_ascii=False)] if rest else named


def _name(batch_id: str, batches: Mapping[str, JsonObject]) -> str:
    title = batches.get(batch_id, {}).get("title")
    return batch_id if title is None else f"{batch_id} ({title})"


def _cell(value: Json) -> str:
    return "" if value is None else printable(str(value))
