/** Failures in the words of the page. */
import { BffError } from "@huleedu/bff-client";
import { locale } from "@/lib/i18n";
import type { MessageKey } from "@/lib/i18n";

export type ErrorKind =
  | "offline"
  | "server"
  | "signedOut"
  | "forbidden"
  | "notFound"
  | "conflict"
  | "throttled"
  | "maintenance"
  | "notYet"
  | "invalid"
  | "unexpected";

/** A failure as a page shows it. */
export type ErrorDescription = {
  readonly kind: ErrorKind;
  readonly sentence: SentenceKey;
  readonly code: string;
  readonly correlationId: string | undefined;
  readonly retryAfter: number | undefined;
  readonly part: string | undefined;
  readonly canRetry: boolean;
  /** A text of those who run the platform, in the language of the page. */
  readonly notice: string | undefined;
};

/** Sentences without values. */
export type SentenceKey = Extract<MessageKey, `error.sentence.${string}`>;

const KINDS_BY_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: "invalid",
  401: "signedOut",
  403: "forbidden",
  404: "notFound",
  409: "conflict",
  412: "conflict",
  413: "invalid",
  422: "invalid",
  428: "conflict",
  429: "throttled",
};

/** Codes whose sentence says more than their status. */
const SENTENCES_BY_CODE: Readonly<Record<string, SentenceKey>> = {
  IDENTITY_INVALID_CREDENTIALS: "error.sentence.credentials",
  IDENTITY_APPROVAL_PENDING: "error.sentence.approvalPending",
  IDENTITY_ACCESS_DENIED: "error.sentence.accessDenied",
  IDENTITY_ACCOUNT_LOCKED: "error.sentence.accountLocked",
  IDENTITY_EMAIL_NOT_VERIFIED: "error.sentence.emailNotVerified",
  IDENTITY_EMAIL_ALREADY_VERIFIED: "error.sentence.emailAlreadyVerified",
  IDENTITY_USER_ALREADY_EXISTS: "error.sentence.userExists",
  IDENTITY_RESET_TOKEN_EXPIRED: "error.sentence.linkExpired",
  IDENTITY_RESET_TOKEN_INVALID: "error.sentence.linkInvalid",
  IDENTITY_PASSWORD_RESET_NOT_REQUESTED: "error.sentence.linkInvalid",
  IDENTITY_VERIFICATION_TOKEN_EXPIRED: "error.sentence.linkExpired",
  IDENTITY_VERIFICATION_TOKEN_INVALID: "error.sentence.linkInvalid",
  CLIENT_TIMEOUT: "error.sentence.timeout",
  TIMEOUT: "error.sentence.timeout",
  CLIENT_UNEXPECTED_ANSWER: "error.sentence.unexpected",
  PAYLOAD_TOO_LARGE: "error.sentence.tooLarge",
};

export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof BffError)) return unknownError();
  const kind = kindOf(error);
  return {
    kind,
    sentence: SENTENCES_BY_CODE[error.code] ?? `error.sentence.${kind}`,
    code: error.code,
    correlationId: error.correlationId,
    retryAfter: error.retryAfter,
    part: error.part,
    canRetry: kind !== "forbidden" && kind !== "notFound" && kind !== "invalid",
    notice: noticeOf(error),
  };
}

function kindOf(error: BffError): ErrorKind {
  if (error.is("CLIENT_UNEXPECTED_ANSWER")) return error.status >= 500 ? "server" : "unexpected";
  if (error.is("CLIENT_SIGNED_OUT", "CLIENT_NO_TOKEN")) return "signedOut";
  if (error.status === 0) return "offline";
  if (error.details.reason === "maintenance") return "maintenance";
  if (error.details.reason === "not_yet_available") return "notYet";
  return KINDS_BY_STATUS[error.status] ?? (error.status >= 500 ? "server" : "unexpected");
}

function unknownError(): ErrorDescription {
  return {
    kind: "unexpected",
    sentence: "error.sentence.unexpected",
    code: "UNKNOWN_ERROR",
    correlationId: undefined,
    retryAfter: undefined,
    part: undefined,
    canRetry: true,
    notice: undefined,
  };
}

function noticeOf({ details: { banner } }: BffError): string | undefined {
  if (typeof banner !== "object" || banner === null) return undefined;
  const text: unknown = (banner as Record<string, unknown>)[locale.value];
  return typeof text === "string" ? text : undefined;
}

/** Tells whether a call was aborted by its own page, which is no failure. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
