/** Every failure of a call, as one class: the service's own envelope, or why there was no answer. */
import type { ErrorV1 } from "./generated/gateway.js";

/** Codes that only the client gives; all others are a service's. */
export const CLIENT_CODES = {
  /** No answer: offline, refused, cut. */
  unreachable: "CLIENT_UNREACHABLE",
  /** No whole answer within the client's own time. */
  timeout: "CLIENT_TIMEOUT",
  /** An answer that is not the service's, such as a proxy's page. */
  unexpected: "CLIENT_UNEXPECTED_ANSWER",
  /** The token supplier failed; `cause` says how. */
  noToken: "CLIENT_NO_TOKEN",
} as const;

export interface Failure {
  readonly code: string;
  readonly message: string;
  /** 0 when there was no answer. */
  readonly status?: number;
  readonly correlationId?: string | undefined;
  readonly service?: string | undefined;
  readonly retryAfter?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly idempotencyKey?: string | undefined;
  readonly cause?: unknown;
}

export class BffError extends Error {
  override readonly name = "BffError";
  /** Stable: compare this, not the message. */
  readonly code: string;
  /** The answer's HTTP status; 0 when there was none. */
  readonly status: number;
  /** What the logs know the request by: show it to whoever asks for help. */
  readonly correlationId: string | undefined;
  readonly service: string | undefined;
  /** Seconds to wait before asking again. */
  readonly retryAfter: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  /** What a write was sent with: a repeat with the same key is not done twice. */
  readonly idempotencyKey: string | undefined;

  constructor(failure: Failure) {
    super(failure.message, failure.cause === undefined ? undefined : { cause: failure.cause });
    this.code = failure.code;
    this.status = failure.status ?? 0;
    this.correlationId = failure.correlationId;
    this.service = failure.service;
    this.retryAfter = failure.retryAfter;
    this.details = failure.details ?? {};
    this.idempotencyKey = failure.idempotencyKey;
  }

  /** The required part that failed, when that is why. */
  get part(): string | undefined {
    return typeof this.details["part"] === "string" ? this.details["part"] : undefined;
  }
}

/** The error that an answer with a bad status says, or the best that can be said of it. */
export function refusal(response: Response, text: string, idempotencyKey?: string): BffError {
  const said = envelopeIn(text);
  return new BffError({
    code: said?.code ?? CLIENT_CODES.unexpected,
    message: said?.message ?? `HTTP ${response.status} without an error of ours in it`,
    status: response.status,
    correlationId: said?.correlation_id ?? response.headers.get("X-Correlation-ID") ?? undefined,
    service: said?.service,
    retryAfter: secondsIn(response.headers.get("Retry-After")),
    details: said?.details ?? {},
    idempotencyKey,
  });
}

/** What went wrong when a call was thrown out of, not answered. */
export function interruption(thrown: unknown, idempotencyKey?: string): BffError {
  if (thrown instanceof BffError) return thrown;
  return new BffError({
    code: CLIENT_CODES.unreachable,
    message: "No answer: the connection failed",
    idempotencyKey,
    cause: thrown,
  });
}

function envelopeIn(text: string): ErrorV1 | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: Partial<ErrorV1> };
    const whole = typeof error?.code === "string" && typeof error.message === "string";
    return whole ? (error as ErrorV1) : undefined;
  } catch {
    return undefined;
  }
}

function secondsIn(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}
