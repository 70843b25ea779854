"""Decodes an event in two steps: its envelope, then its data by the contract of its topic."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from bff_core.clock import as_utc
from services.bff_teacher.contracts.events import VERSION, Envelope
from services.bff_teacher.events.topics import CONTRACTS, Data, event_types

MAX_EVENT_BYTES = 512 * 1024
"""Larger events are refused undecoded; the suggestions for a batch of 300 essays have half of it."""

_ENVELOPE = msgspec.json.Decoder(Envelope)
_DATA = {topic: msgspec.json.Decoder(contract) for topic, contract in CONTRACTS.items()}
_TYPES = {topic: event_types(topic) for topic in CONTRACTS}


class Poisonous(Exception):
    """The event can never be read; `reason` is a word for the records."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotForUs(Exception):
    """An event of another type or version, which is passed over."""


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded event; `at` is the time at which this copy was sent."""

    topic: str
    at: datetime
    data: Data


def decode(topic: str, body: bytes | None) -> Event:
    """Decode the value of a record.

    Raises:
        NotForUs: Its topic, type or version is not one of those that are read.
        Poisonous: It is too large, empty or does not fit its contract.
    """
    decoder = _DATA.get(topic)
    if decoder is None:
        raise NotForUs
    if not body:
        raise Poisonous("empty")
    if len(body) > MAX_EVENT_BYTES:
        raise Poisonous("too_large")
    try:
        envelope = _ENVELOPE.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Poisonous("envelope") from None
    if envelope.schema_version != VERSION or envelope.event_type not in _TYPES[topic]:
        raise NotForUs
    try:
        data = decoder.decode(envelope.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Poisonous("data") from None
    return Event(topic, _utc(envelope.event_timestamp), data)


def _utc(moment: datetime) -> datetime:
    try:
        return as_utc(moment)
    except OverflowError:
        raise Poisonous("time") from None
