/** `BffError`: the one error class, from a service's error envelope or raised by the client. */
import type { ErrorV1 } from "./generated/api.js";
import type { ErrorCode, PartName } from "./generated/names.js";

/** Codes that the client itself raises; all others come from a service. */
export const CLIENT_CODES = {
  /** No response: offline, connection refused or cut, or a page whose origin CORS does not admit. */
  unreachable: "CLIENT_UNREACHABLE",
  /** No complete response within the client's timeout. */
  timeout: "CLIENT_TIMEOUT",
  /** A response that no service sent, such as a proxy's error page. */
  unexpected: "CLIENT_UNEXPECTED_ANSWER",
  /** The token supplier failed; see `cause`. */
  noToken: "CLIENT_NO_TOKEN",
  /** The session has ended; sign in again. */
  signedOut: "CLIENT_SIGNED_OUT",
} as const;

/** A code that the client itself raises. */
export type ClientCode = (typeof CLIENT_CODES)[keyof typeof CLIENT_CODES];

/** The codes of this version, of the services and of the client. */
export type KnownErrorCode = ErrorCode | ClientCode;

/** Fields of a new `BffError`. */
export interface BffErrorInit {
  /** Stable code. */
  readonly code: KnownErrorCode | (string & {});
  /** Sentence for people. */
  readonly message: string;
  /** Default 0: no response. */
  readonly status?: number;
  /** Identifies the request in the logs. */
  readonly correlationId?: string | undefined;
  /** The service that reports the failure. */
  readonly service?: string | undefined;
  /** Seconds to wait before the next attempt. */
  readonly retryAfter?: number | undefined;
  /** Facts about the failure. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Key of the write. */
  readonly idempotencyKey?: string | undefined;
  /** The error behind this one. */
  readonly cause?: unknown;
}

/** Every failure of this package. */
export class BffError extends Error {
  /** Always `BffError`. */
  override readonly name = "BffError";
  /** Stable code, such as `TIMEOUT`; later versions of the services may add codes. */
  readonly code: KnownErrorCode | (string & {});
  /** HTTP status; 0 without a response. */
  readonly status: number;
  /** Identifies the request in the logs. */
  readonly correlationId: string | undefined;
  /** The service that reports the failure. */
  readonly service: string | undefined;
  /** Seconds to wait before the next attempt. */
  readonly retryAfter: number | undefined;
  /** Facts about the failure, such as `errors` of a `VALIDATION_ERROR`. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Key that the write was sent with. A repeat with the same key is not executed twice. */
  readonly idempotencyKey: string | undefined;

  /** Makes an error, as a test or another client may need to. */
  constructor(init: BffErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.status = init.status ?? 0;
    this.correlationId = init.correlationId;
    this.service = init.service;
    this.retryAfter = init.retryAfter;
    this.details = init.details ?? {};
    this.idempotencyKey = init.idempotencyKey;
  }

  /** Name of the required part that failed, if a part caused the error. */
  get part(): PartName | (string & {}) | undefined {
    return typeof this.details["part"] === "string" ? this.details["part"] : undefined;
  }

  /** Tells whether the code is one of these. Unlike `===`, it compiles for known codes only. */
  is(...codes: readonly KnownErrorCode[]): boolean {
    return codes.some((code) => code === this.code);
  }
}

/** The error for a response with a failure status, from its envelope if it has one. */
export function errorFromResponse(
  response: Response,
  text: string,
  idempotencyKey?: string,
): BffError {
  const envelope = parseEnvelope(text);
  const retryAfter = response.headers.get("Retry-After") ?? "";
  return new BffError({
    code: envelope?.code ?? CLIENT_CODES.unexpected,
    message: envelope?.message ?? `HTTP ${response.status} without an error envelope`,
    status: response.status,
    correlationId:
      envelope?.correlation_id ?? response.headers.get("X-Correlation-ID") ?? undefined,
    service: envelope?.service,
    retryAfter: /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined,
    details: envelope?.details ?? {},
    idempotencyKey,
  });
}

/** The error for an exception thrown while sending or reading; a `BffError` stays as it is. */
export function errorFromException(thrown: unknown, idempotencyKey?: string): BffError {
  if (thrown instanceof BffError) return thrown;
  return new BffError({
    code: CLIENT_CODES.unreachable,
    message: "No response: the connection failed, or CORS does not admit this page's origin",
    idempotencyKey,
    cause: thrown,
  });
}

function parseEnvelope(text: string): ErrorV1 | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: Partial<ErrorV1> };
    const complete = typeof error?.code === "string" && typeof error.message === "string";
    return complete ? (error as ErrorV1) : undefined;
  } catch {
    return undefined;
  }
}
