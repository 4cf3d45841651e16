"""GET /api/admin/live: what runs, as it changes."""

from litestar import get
from litestar.types import ASGIApp

from app.api.admin.caller import GUARDS, Caller
from app.api.dependencies import TheLiveView
from app.http.event_stream import STREAM_OPT
from app.http.guards import principal_of


@get("/api/admin/live", summary="What runs, once a second (text/event-stream)", guards=GUARDS, opt=STREAM_OPT)
async def follow_live(request: Caller, live_view: TheLiveView) -> ASGIApp:
    """Each `live` event is the whole picture; there are no numbers, and nothing is missed by coming late."""
    return live_view.open(principal_of(request))
