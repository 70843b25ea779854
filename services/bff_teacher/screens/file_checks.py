"""Checks of a file before anything of it is passed on; its content is not opened."""

from collections.abc import Mapping
from pathlib import PurePath

from bff_core.inputs import has_controls
from services.bff_teacher.contracts.files import EXTENSIONS
from services.bff_teacher.dto.batch_files_v1 import FileReasonV1
from services.bff_teacher.dto.language_v1 import LanguageV1

MAX_NAME_BYTES = 255
MAX_SHOWN_NAME = 255
OPENING_BYTES = 1024
"""Bytes at the beginning of a file from which its kind is recognised."""

_ZIP, _PDF = b"PK\x03\x04", b"%PDF-"
_LOCK_FILE = "~$"
"""Beginning of the names of files by which a word processor marks an open document."""

_REASONS: Mapping[str, FileReasonV1] = {
    "EMPTY_CONTENT": "empty",
    "CONTENT_TOO_SHORT": "too_short",
    "CONTENT_TOO_LONG": "too_long",
    "ENCRYPTED_FILE_UNSUPPORTED": "encrypted",
    "TEXT_EXTRACTION_FAILED": "unreadable",
    "RAW_STORAGE_FAILED": "storage",
}
TEXTS: Mapping[LanguageV1, Mapping[FileReasonV1, str]] = {
    LanguageV1.ENGLISH: {
        "bad_name": "The name of the file cannot be used.",
        "wrong_type": "Only .txt, .docx and .pdf files are taken.",
        "too_large": "The file is too large.",
        "too_many": "There are too many files at once; send the others separately.",
        "empty": "The file holds no text.",
        "locked": "The batch takes no files any more.",
        "service": "The file service failed; send the file again.",
        "too_short": "The text is too short.",
        "too_long": "The text is too long.",
        "encrypted": "The file is protected by a password.",
        "unreadable": "The text could not be read.",
        "storage": "The file could not be stored.",
        "unknown": "The reason is not known.",
    },
    LanguageV1.SWEDISH: {
        "bad_name": "Filens namn kan inte användas.",
        "wrong_type": "Bara .txt-, .docx- och .pdf-filer tas emot.",
        "too_large": "Filen är för stor.",
        "too_many": "Det är för många filer på en gång; skicka de andra för sig.",
        "empty": "Filen innehåller ingen text.",
        "locked": "Bunten tar inte längre emot filer.",
        "service": "Filtjänsten svarade inte som den skulle; skicka filen igen.",
        "too_short": "Texten är för kort.",
        "too_long": "Texten är för lång.",
        "encrypted": "Filen är skyddad med lösenord.",
        "unreadable": "Texten gick inte att läsa.",
        "storage": "Filen gick inte att spara.",
        "unknown": "Orsaken är inte känd.",
    },
}


def file_reason(code: str) -> FileReasonV1:
    """Our word for a code of the file service."""
    return _REASONS.get(code, "unknown")


def name_refusal(name: str) -> FileReasonV1 | None:
    """Why a file of this name is refused; None when it is not."""
    too_long = len(name.encode(errors="replace")) > MAX_NAME_BYTES
    if too_long or has_controls(name) or {"/", "\\"} & set(name) or not name.isprintable():
        return "bad_name"
    if name.startswith(_LOCK_FILE) or not PurePath(name).stem.strip(" ."):
        return "bad_name"
    return None if PurePath(name).suffix.lower() in EXTENSIONS else "wrong_type"


def content_refusal(name: str, opening: bytes) -> FileReasonV1 | None:
    """Why content that begins like this does not fit the name; None when it does."""
    kind = PurePath(name).suffix.lower()
    if kind == ".pdf":
        fits = _PDF in opening
    elif kind == ".docx":
        fits = opening.startswith(_ZIP)
    else:
        fits = not opening.startswith((_ZIP, _PDF))
    return None if fits else "wrong_type"


def shown_name(name: str) -> str:
    """A name that may be written anywhere: shortened, without control characters."""
    return "".join(char if char.isprintable() else "\ufffd" for char in name[:MAX_SHOWN_NAME])
