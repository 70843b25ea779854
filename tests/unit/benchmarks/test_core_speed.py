"""Speed of the tested core within the intervals of a measurement."""

import struct
from pathlib import Path

import pytest

from benchmarks.core_speed import CoreSpeed


def _speed(folder: Path, *records: tuple[float, float], rest: bytes = b"") -> CoreSpeed:
    written = folder / "records"
    written.write_bytes(b"".join(struct.pack("dd", *record) for record in records) + rest)
    return CoreSpeed(written)


def test_only_loops_within_the_intervals_count(tmp_path: Path) -> None:
    speed = _speed(tmp_path, (1.0, 9.0), (2.0, 2.0), (3.0, 9.0), (4.0, 4.0), (5.0, 9.0))

    assert speed.loop_seconds([(1.5, 2.5), (3.5, 4.5)]) == pytest.approx(3.0)


def test_partly_written_record_is_left_out(tmp_path: Path) -> None:
    speed = _speed(tmp_path, (1.0, 2.0), rest=b"half")

    assert speed.loop_seconds([(0.0, 9.0)]) == 2.0


def test_intervals_without_a_loop_have_no_speed(tmp_path: Path) -> None:
    assert _speed(tmp_path, (1.0, 2.0)).loop_seconds([(3.0, 4.0)]) is None
