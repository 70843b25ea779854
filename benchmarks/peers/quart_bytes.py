"""The least a Quart app can do: fixed bytes, as long as the dashboard's response."""

from quart import Quart, Response

from benchmarks.payloads import dashboard_response
from benchmarks.peers import engines

BODY = dashboard_response()
app = Quart(__name__)


@app.get("/v1/teacher/dashboard")
@app.get("/v1/teacher/me")
async def fixed_bytes() -> Response:
    return Response(BODY, content_type="application/json")


if __name__ == "__main__":
    engines.run(app)
