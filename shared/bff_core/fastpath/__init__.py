"""Answers plain reads of screens without Quart's request handling.

It earns its place by CPU (docs/fastpath.md). The setting `FAST_PATH` switches it off; the routes, the
guard and the answers are the same either way.
"""

from bff_core.fastpath.middleware import add_fast_path

__all__ = ["add_fast_path"]
