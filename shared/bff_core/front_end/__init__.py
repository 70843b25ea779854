"""A built front end: its files in memory, and the paths at which they are served."""

from bff_core.front_end.files import (
    FolderTooLargeError,
    StaticFile,
    StaticFiles,
    read_folder,
    read_static_files,
)
from bff_core.front_end.pages import ROUTE, attach_front_end

__all__ = [
    "ROUTE",
    "FolderTooLargeError",
    "StaticFile",
    "StaticFiles",
    "attach_front_end",
    "read_folder",
    "read_static_files",
]
