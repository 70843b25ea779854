"""Path templates of the screens: the `route` of a forwarded request in logs, metrics and traces."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable

from services.gateway.api.screens_document import SCREENS

_PARAMETER = re.compile(r"\{(\w+)\}")


class ScreenTemplates:
    """Finds the template of a path, written as the BFFs log it: `/batches/<batch_id>`."""

    def __init__(self, paths: Iterable[str]) -> None:
        """`paths` are those of an OpenAPI document."""
        known = set(paths)
        # Looked at first: `/users/pending` is no user.
        self._fixed = {path for path in known if "{" not in path}
        self._by_length: dict[int, list[tuple[str, list[str | None]]]] = defaultdict(list)
        for path in sorted(known - self._fixed, key=lambda one: one.count("{")):
            steps = [None if "{" in step else step for step in path.split("/")]
            self._by_length[len(steps)].append((_PARAMETER.sub(r"<\1>", path), steps))

    @classmethod
    def of_bffs(cls) -> "ScreenTemplates":
        return cls(json.loads(SCREENS.read_bytes())["paths"])

    def find(self, raw_path: bytes) -> str | None:
        """The template of a path as it was sent; None for a path that no screen has."""
        path = raw_path.decode("latin-1")
        if path in self._fixed:
            return path
        given = path.split("/")
        for template, steps in self._by_length.get(len(given), ()):
            if all(step in {None, one} for step, one in zip(steps, given, strict=True)):
                return template
        return None
