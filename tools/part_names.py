"""The parts of the screens, read from the examples in the BFFs' OpenAPI documents."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, get_args

from tools.error_codes import require_same
from tools.markdown import table
from tools.openapi_export import snapshot_of

HEAD = ("Part", "Screens", "If it fails", "Content")
BFFS = ("bff_teacher", "bff_admin")
MEANINGS: Mapping[str, str] = {
    "account": "E-mail and names of the admin's account, from Identity.",
    "associations": "Suggested matches of essays and students, from CMS.",
    "batch": "The batch with its essays, from RAS.",
    "batches": "The page of batches, from RAS.",
    "changed_settings": "Settings that differ from their defaults, from the config service.",
    "class": "The class, found in the teacher's own list, from CMS: the access check.",
    "class_activity": "The newest batch of each class, from RAS and CMS.",
    "class_batches": "The batches of the class among the teacher's newest 500, from RAS and CMS.",
    "class_name": "The batch's class, from CMS.",
    "class_names": "The classes of the page's batches, from CMS.",
    "classes": "The teacher's classes, from CMS. Their own screen needs them.",
    "credits": "Credits that are left, from Entitlements, which confirms a zero.",
    "essay": "The essay's result, from RAS.",
    "events": "Facts that only the platform's events tell; not listed where no Kafka is set.",
    "events_consumer": "State of the consumer of the platform's events, from the teacher BFF.",
    "file_state": "Upload lock and running phase, from the file service.",
    "filenames": "File names of the essays, from RAS.",
    "latest_results": "Scores of the class's latest finished batch, from RAS.",
    "order": "The essays around this one and how many are ranked, from RAS.",
    "owner": "The batch's owner, from RAS: the access check.",
    "operations": "Changes of the account's credits, from Entitlements.",
    "pending": "Accounts that wait for approval, from Identity.",
    "phases": "Phases of the batches, from BOS.",
    "preflight": "What a start would run and cost, from BOS.",
    "profile": "Names and locale of the signed-in person, from Identity.",
    "prompt": "The assignment's text, from the content service.",
    "roster": "The students of the batch's class, from CMS.",
    "setting_changes": "The last changes of settings, from the config service.",
    "settings": "Changes of settings, from the config service.",
    "student": "The essay's student, from CMS.",
    "student_counts": "Number of students of each class, from CMS.",
    "student_names": "The students of the batch's essays, from CMS.",
    "text": "The corrected text, from the content service.",
    "titles": "Titles that the teacher gave the batches, from the BFF's own database.",
    "user_decisions": "The last decisions on accounts, from Identity.",
    "users": "Decisions on accounts, from Identity.",
    "validation": "Matches that wait for the teacher, from CMS.",
}
"""Content and source of a part."""


def all_parts() -> dict[str, list[tuple[str, str]]]:
    """The screens, each as a BFF and a path, by the name of a part they list.

    Raises:
        UndescribedNameError: A part has no meaning, or a meaning no part; names it.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for service in BFFS:
        document = json.loads(snapshot_of(service).read_text("utf-8"))
        for path, operation in _operations(document):
            for name in _parts_of(operation, document):
                found.setdefault(name, []).append((service, path))
    require_same("tools/part_names.py", "MEANINGS", MEANINGS, found)
    return dict(sorted(found.items()))


def optional_parts() -> frozenset[str]:
    """The teacher's parts that may be missing: those that `DISABLED_PARTS` takes."""
    # By name, because only a service may import its own settings.
    return frozenset(get_args(import_module("services.bff_teacher.config").PartName))


def part_table() -> str:
    optional = optional_parts()
    return table(HEAD, (_row(name, at, optional) for name, at in all_parts().items()))


def _row(name: str, screens: list[tuple[str, str]], optional: frozenset[str]) -> tuple[str, ...]:
    # The admin's parts are all optional.
    is_required = any(service == "bff_teacher" for service, _ in screens) and name not in optional
    paths = ", ".join(f"`{path}`" for _, path in screens)
    return (
        f"`{name}`",
        paths,
        "the screen is an error" if is_required else "it is `missing`",
        MEANINGS[name],
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _parts_of(operation: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """Names of the parts in the example of a screen; none for another response."""
    content = operation["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    example = (schema.get("examples") or [{}])[0]
    parts = example.get("parts", []) if isinstance(example, dict) else []
    return [part["name"] for part in parts]
