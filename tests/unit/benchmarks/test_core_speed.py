"""The speed of the tested core, of the moments in which something was measured on it."""

import struct
from pathlib import Path

import pytest

from benchmarks.core_speed import CoreSpeed


def _speed(folder: Path, *beats: tuple[float, float], rest: bytes = b"") -> CoreSpeed:
    written = folder / "beats"
    written.write_bytes(b"".join(struct.pack("dd", *beat) for beat in beats) + rest)
    return CoreSpeed(written)


def test_only_beats_within_the_stretches_count(tmp_path: Path) -> None:
    speed = _speed(tmp_path, (1.0, 9.0), (2.0, 2.0), (3.0, 9.0), (4.0, 4.0), (5.0, 9.0))

    assert speed.beat([(1.5, 2.5), (3.5, 4.5)]) == pytest.approx(3.0)


def test_a_beat_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    speed = _speed(tmp_path, (1.0, 2.0), rest=b"half a beat")

    assert speed.beat([(0.0, 9.0)]) == 2.0


def test_stretches_without_a_beat_have_no_speed(tmp_path: Path) -> None:
    assert _speed(tmp_path, (1.0, 2.0)).beat([(3.0, 4.0)]) is None
