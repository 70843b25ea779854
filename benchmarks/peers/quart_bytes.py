"""The least a Quart app can do: fixed bytes, as long as the dashboard's response."""

import json

from quart import Quart, Response

from benchmarks import payloads
from benchmarks.peers import engines


def dashboard_response() -> bytes:
    """A dashboard of about the length of the teacher BFF's own."""
    rows = [
        {
            "batch_id": payloads.batch_id(place, 0),
            "title": f"sv1-chronicle-{place}",
            "class_id": payloads.class_id(place % payloads.CLASSES),
            "class_name": f"SA{place % payloads.CLASSES}B",
            "status": "completed_with_failures",
            "status_source": "ras",
            "processing_phase": None,
            "phases": None,
            "attention": None,
            "deviation_count": None,
            "auto_confirm_deadline": None,
            "total_essays": payloads.ESSAYS,
            "completed_essays": payloads.ESSAYS - 1,
            "failed_essays": 1,
            "progress_percent": 100,
            "requested_pipeline": "cj_assessment",
            "is_final": True,
            "created_at": "2026-01-30T08:55:20.103311Z",
            "last_updated": "2026-01-30T09:33:50.600172Z",
            "completed_at": "2026-01-30T09:33:50.600150Z",
        }
        for place in range(payloads.BATCHES)
    ]
    body = {"batches": rows, "total_count": 4000, "limit": 20, "offset": 0, "parts": []}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


BODY = dashboard_response()
app = Quart(__name__)


@app.get("/v1/teacher/dashboard")
@app.get("/v1/teacher/me")
async def fixed_bytes() -> Response:
    return Response(BODY, content_type="application/json")


if __name__ == "__main__":
    engines.run(app)
