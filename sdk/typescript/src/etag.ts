/** A value with the tag that it came with, to ask again cheaply and to write safely. */
import { BffError, CLIENT_CODES } from "./errors.js";

export interface Tagged<T> {
  readonly value: T;
  readonly etag: string;
}

interface Answer<T> {
  readonly value: T;
  readonly response: Response;
}

export function tagged<T>({ value, response }: Answer<T>): Tagged<T> {
  const etag = response.headers.get("ETag");
  if (etag !== null) return { value, etag };
  const message = "The answer has no ETag: does CORS expose it?";
  throw new BffError({ code: CLIENT_CODES.unexpected, message, status: response.status });
}

/** The new value, or on 304 the very object that was known. */
export function freshOr<T>(known: Tagged<T> | undefined, answer: Answer<T>): Tagged<T> {
  return answer.response.status === 304 && known ? known : tagged(answer);
}
