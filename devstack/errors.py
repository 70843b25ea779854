"""Failures of the devstack, each as one line for the person at the terminal."""

import errno
import shutil
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

MIN_DISK_BYTES = 32 * 1024 * 1024
_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and start again",
    errno.EDQUOT: "your disk quota is used up: free some space and start again",
    errno.EACCES: "you may not write there: check who owns it",
    errno.EPERM: "you may not write there: check who owns it",
    errno.EROFS: "the file system is read-only",
    errno.EEXIST: "it is not a folder",
    errno.ENOTDIR: "it is not in a folder",
}


class DevstackError(Exception):
    """A failure whose text is the one line that the person needs."""


def disk_error(error: OSError, path: Path) -> DevstackError:
    reason = _REASONS.get(error.errno or 0, str(error))
    return DevstackError(f"Cannot use {error.filename or path}: {reason}.")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean …?` for a word that is nearly a known one; else nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def full_disk(path: Path) -> str | None:
    """Words for a disk with too little room; None for one with enough."""
    free = shutil.disk_usage(path).free
    if free >= MIN_DISK_BYTES:
        return None
    left, needed = free // 1024**2, MIN_DISK_BYTES // 1024**2
    return f"The disk of {path} is full ({left} MiB left, {needed} are needed)"
