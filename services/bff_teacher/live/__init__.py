"""Live updates: server-sent events that keep open screens up to date."""

from services.bff_teacher.live.dependencies import LiveOptions
from services.bff_teacher.live.updates import LiveStreams, LiveUpdates, NullLiveStreams
from services.bff_teacher.live.writes import AnnouncedWrites

__all__ = ["AnnouncedWrites", "LiveOptions", "LiveStreams", "LiveUpdates", "NullLiveStreams"]
