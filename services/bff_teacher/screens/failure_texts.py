"""Error codes of the platform as sentences for teachers; the platform's own texts never leave."""

from collections import Counter
from collections.abc import Iterable, Mapping

from services.bff_teacher.contracts.ras import EssayRecord
from services.bff_teacher.dto.failure_v1 import BatchFailureV1, CauseV1, FailureV1, PhaseV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.languages import preferred

FAILED = "failed"

CAUSES: Mapping[str, CauseV1] = {
    "EMPTY_CONTENT": CauseV1.EMPTY,
    "CONTENT_TOO_SHORT": CauseV1.TOO_SHORT,
    "CONTENT_TOO_LONG": CauseV1.TOO_LONG,
    "ENCRYPTED_FILE_UNSUPPORTED": CauseV1.ENCRYPTED,
    "TEXT_EXTRACTION_FAILED": CauseV1.UNREADABLE,
    "PARSING_ERROR": CauseV1.UNREADABLE,
    "CONTENT_SERVICE_ERROR": CauseV1.STORAGE,
    "RAW_STORAGE_FAILED": CauseV1.STORAGE,
    "RATE_LIMIT": CauseV1.BUSY,
    "QUOTA_EXCEEDED": CauseV1.BUSY,
    "TIMEOUT": CauseV1.LATE,
    "SPELLCHECK_SERVICE_ERROR": CauseV1.SERVICE,
    "CJ_ASSESSMENT_SERVICE_ERROR": CauseV1.SERVICE,
    "NLP_SERVICE_ERROR": CauseV1.SERVICE,
    "AI_FEEDBACK_SERVICE_ERROR": CauseV1.SERVICE,
    "LLM_PROVIDER_SERVICE_ERROR": CauseV1.SERVICE,
    "EXTERNAL_SERVICE_ERROR": CauseV1.SERVICE,
    "PROCESSING_ERROR": CauseV1.SERVICE,
    "INVALID_RESPONSE": CauseV1.SERVICE,
    "CONNECTION_ERROR": CauseV1.SERVICE,
    "SERVICE_UNAVAILABLE": CauseV1.SERVICE,
    "CIRCUIT_BREAKER_OPEN": CauseV1.SERVICE,
    "KAFKA_PUBLISH_ERROR": CauseV1.SERVICE,
}

PHASE_TEXTS: Mapping[LanguageV1, Mapping[PhaseV1, str]] = {
    LanguageV1.ENGLISH: {
        PhaseV1.SPELLCHECK: "The spelling was not checked",
        PhaseV1.CJ_ASSESSMENT: "The essay was not compared with the others",
    },
    LanguageV1.SWEDISH: {
        PhaseV1.SPELLCHECK: "Stavningen kontrollerades inte",
        PhaseV1.CJ_ASSESSMENT: "Uppsatsen jämfördes inte med de andra",
    },
}
CAUSE_TEXTS: Mapping[LanguageV1, Mapping[CauseV1, str]] = {
    LanguageV1.ENGLISH: {
        CauseV1.EMPTY: "the file holds no text",
        CauseV1.TOO_SHORT: "the text is too short",
        CauseV1.TOO_LONG: "the text is too long",
        CauseV1.ENCRYPTED: "the file is protected by a password",
        CauseV1.UNREADABLE: "the text could not be read",
        CauseV1.STORAGE: "the stored text could not be fetched",
        CauseV1.BUSY: "there was too much to do at the time",
        CauseV1.LATE: "it took too long",
        CauseV1.SERVICE: "a fault in the service",
        CauseV1.UNKNOWN: "the reason is not known",
    },
    LanguageV1.SWEDISH: {
        CauseV1.EMPTY: "filen innehåller ingen text",
        CauseV1.TOO_SHORT: "texten är för kort",
        CauseV1.TOO_LONG: "texten är för lång",
        CauseV1.ENCRYPTED: "filen är skyddad med lösenord",
        CauseV1.UNREADABLE: "texten gick inte att läsa",
        CauseV1.STORAGE: "den sparade texten gick inte att hämta",
        CauseV1.BUSY: "det var för mycket att göra just då",
        CauseV1.LATE: "det tog för lång tid",
        CauseV1.SERVICE: "ett fel i tjänsten",
        CauseV1.UNKNOWN: "orsaken är inte känd",
    },
}


def language_of(accepted: str) -> LanguageV1:
    """The best of our languages for an Accept-Language header; English by default."""
    return LanguageV1(preferred(accepted, [language.value for language in LanguageV1]))


def language_headers(language: LanguageV1) -> dict[str, str]:
    return {"Content-Language": language.value, "Vary": "Accept-Language"}


def failures_of(essay: EssayRecord, language: LanguageV1) -> list[FailureV1]:
    """The phases that failed, in their order. A failed comparison leaves no status, only an error."""
    phases = (
        (PhaseV1.SPELLCHECK, essay.spellcheck_status, essay.spellcheck_error_detail),
        (PhaseV1.CJ_ASSESSMENT, essay.cj_assessment_status, essay.cj_assessment_error_detail),
    )
    failures = []
    for phase, status, detail in phases:
        if status != FAILED and detail is None:
            continue
        code = (detail.error_code if detail else None) or ""
        cause = CAUSES.get(code, CauseV1.UNKNOWN)
        message = f"{PHASE_TEXTS[language][phase]}: {CAUSE_TEXTS[language][cause]}."
        failures.append(FailureV1(phase=phase, cause=cause, message=message))
    return failures


def count_failures(failures: Iterable[FailureV1]) -> list[BatchFailureV1]:
    """Equal failures as one with their number; earlier phases and more frequent causes first."""
    counts = Counter((one.phase, one.cause, one.message) for one in failures)
    order = list(PhaseV1)
    rows = sorted(counts.items(), key=lambda row: (order.index(row[0][0]), -row[1], row[0][1]))
    return [
        BatchFailureV1(phase=phase, cause=cause, message=message, essay_count=count)
        for (phase, cause, message), count in rows
    ]
