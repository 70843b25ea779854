"""Live updates: server-sent events that keep open screens up to date."""

from services.bff_teacher.live.dependencies import LiveOptions
from services.bff_teacher.live.updates import LiveStreams, LiveUpdates, NullLiveStreams

__all__ = ["LiveOptions", "LiveStreams", "LiveUpdates", "NullLiveStreams"]
