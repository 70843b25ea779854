/** Values with their ETag, for conditional reads and safe writes. */
import { BffError, CLIENT_CODES } from "./errors.js";
import type { ValueWithResponse } from "./request.js";

/** A value and its version. */
export interface WithETag<T> {
  /** The value. */
  readonly value: T;
  /** Version, for `If-None-Match` and `If-Match`. */
  readonly etag: string;
}

/** The tag in the body comes first: a proxy that compresses weakens the one in the header. */
export function withETag<T>({ value, response }: ValueWithResponse<T>): WithETag<T> {
  const etag = etagInBody(value) ?? response.headers.get("ETag");
  if (etag !== null) return { value, etag };
  const message = "The response has no ETag: does CORS expose it?";
  throw new BffError({ code: CLIENT_CODES.unexpected, message, status: response.status });
}

function etagInBody(value: unknown): string | null {
  if (typeof value !== "object" || value === null || !("etag" in value)) return null;
  return typeof value.etag === "string" ? value.etag : null;
}

/** The received value, or on 304 the same `known` object. */
export function revalidated<T>(
  known: WithETag<T> | undefined,
  received: ValueWithResponse<T>,
): WithETag<T> {
  return received.response.status === 304 && known ? known : withETag(received);
}
