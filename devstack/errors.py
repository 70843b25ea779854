"""Failures of the devstack, each as one line for the person at the terminal."""

import errno
from pathlib import Path

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and start again",
    errno.EDQUOT: "your disk quota is used up: free some space and start again",
    errno.EACCES: "you may not write there: check who owns it",
    errno.EPERM: "you may not write there: check who owns it",
    errno.EROFS: "the file system is read-only",
}


class DevstackError(Exception):
    """A failure whose text is the one line that the person needs."""


def disk_error(error: OSError, path: Path) -> DevstackError:
    reason = _REASONS.get(error.errno or 0, str(error))
    return DevstackError(f"Cannot use {error.filename or path}: {reason}.")
