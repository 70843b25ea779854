"""What chance cannot know when it asks our services."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """A cursor that nobody handed out leads nowhere; what else is in the request must still fit."""
    meta = case.meta
    if meta is not None and meta.generation.mode == schemathesis.GenerationMode.POSITIVE:
        case.query.pop("cursor", None)
