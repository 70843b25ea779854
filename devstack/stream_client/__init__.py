"""Follows a teacher's event stream and keeps a local copy that is as true as the server's."""

from devstack.stream_client.following import Ended, Follower, StreamRefused, Token, Update
from devstack.stream_client.http_source import HttpSource
from devstack.stream_client.local_copy import LocalCopy, OutOfStep
from devstack.stream_client.merge_patch import merge
from devstack.stream_client.server_events import EventParser, EventTooLong, ServerEvent

__all__ = [
    "Ended",
    "EventParser",
    "EventTooLong",
    "Follower",
    "HttpSource",
    "LocalCopy",
    "OutOfStep",
    "ServerEvent",
    "StreamRefused",
    "Token",
    "Update",
    "merge",
]
