"""Follows a teacher's event stream and keeps a local copy of its batches."""

from devstack.stream_client.follower import (
    AccessToken,
    StreamEnded,
    StreamFollower,
    StreamRefused,
    StreamUpdate,
)
from devstack.stream_client.local_copy import JsonObject, LocalCopy, OutOfStep, merge_patch
from devstack.stream_client.source import (
    EventParser,
    EventTooLong,
    HttpStreamSource,
    SourceError,
    StreamEvent,
)

__all__ = [
    "AccessToken",
    "EventParser",
    "EventTooLong",
    "HttpStreamSource",
    "JsonObject",
    "LocalCopy",
    "OutOfStep",
    "SourceError",
    "StreamEnded",
    "StreamEvent",
    "StreamFollower",
    "StreamRefused",
    "StreamUpdate",
    "merge_patch",
]
