/** Sends one request: token, timeout, idempotency key, errors. Never retries. */
import { AbortTimeout } from "./abort_timeout.js";
import { BffError, CLIENT_CODES, errorFromException, errorFromResponse } from "./errors.js";

/** Returns an access token. Called for every request, so it may refresh; see `Session.token`. */
export type TokenSupplier = () => string | Promise<string>;

export interface ClientOptions {
  /** URL of the gateway, such as `https://bff.example`; empty for the page's own origin. */
  readonly baseUrl: string;
  readonly token: TokenSupplier;
  /** Seconds for a whole response, body included. Default 15. */
  readonly timeoutSeconds?: number | undefined;
  /** Replaces the global `fetch`, for tests. */
  readonly fetch?: typeof fetch | undefined;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Options of one write. */
export interface WriteOptions extends CallOptions {
  /** Key of an earlier attempt (`BffError.idempotencyKey`), to repeat it safely. */
  readonly idempotencyKey?: string | undefined;
}

type FetchOptions = Omit<ClientOptions, "token" | "baseUrl"> & {
  readonly token?: TokenSupplier | undefined;
  /** Add an `Idempotency-Key` to writes that have none. */
  readonly idempotencyKeys: boolean;
};

/** Result of an openapi-fetch call. */
type ApiCall<T> = Promise<{ data?: T; response: Response }>;

/** A decoded value with its response, for the headers. */
export interface ValueWithResponse<T> {
  readonly value: T;
  readonly response: Response;
}

const SAFE_METHODS = new Set(["GET", "HEAD"]);
const BODILESS_STATUSES = new Set([204, 205, 304]);

/** Makes a fetch that returns buffered 2xx and 304 responses and throws `BffError` otherwise. */
export function createFetch(options: FetchOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    const { headers } = request;
    const isWrite = !SAFE_METHODS.has(request.method);
    if (options.idempotencyKeys && isWrite && !headers.has("Idempotency-Key")) {
      headers.set("Idempotency-Key", newIdempotencyKey());
    }
    if (options.token) headers.set("Authorization", `Bearer ${await resolveToken(options.token)}`);
    return fetchBuffered(request, options);
  };
}

/** Calls the token supplier; throws its failure as `CLIENT_NO_TOKEN`. */
export async function resolveToken(supplier: TokenSupplier): Promise<string> {
  try {
    return await supplier();
  } catch (error) {
    if (error instanceof BffError) throw error;
    const message = "The token supplier failed";
    throw new BffError({ code: CLIENT_CODES.noToken, message, cause: error });
  }
}

/** The decoded value of an openapi-fetch call. */
export async function unwrap<T>(call: ApiCall<T>): Promise<T> {
  return (await unwrapWithResponse(call)).value;
}

/** The decoded value of an openapi-fetch call, and its response. */
export async function unwrapWithResponse<T>(call: ApiCall<T>): Promise<ValueWithResponse<T>> {
  try {
    const { data, response } = await call;
    return { value: data as T, response };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const message = "The response is not JSON";
    throw new BffError({ code: CLIENT_CODES.unexpected, message, cause: error });
  }
}

/** Call options in the form that openapi-fetch takes. */
export function requestOptions(call: CallOptions): { signal?: AbortSignal } {
  return call.signal ? { signal: call.signal } : {};
}

/** The `Idempotency-Key` header of a repeated write; empty for a first attempt. */
export function idempotencyHeaders(options: WriteOptions): Record<string, string> {
  return options.idempotencyKey === undefined ? {} : { "Idempotency-Key": options.idempotencyKey };
}

// Reads the body here, so that the timeout and the error mapping cover it too.
async function fetchBuffered(request: Request, options: FetchOptions): Promise<Response> {
  const idempotencyKey = request.headers.get("Idempotency-Key") ?? undefined;
  const message = "The response was not complete within the timeout";
  const timedOut = new BffError({ code: CLIENT_CODES.timeout, message, idempotencyKey });
  const timeout = new AbortTimeout(options.timeoutSeconds ?? 15, timedOut, request.signal);
  try {
    const response = await (options.fetch ?? fetch)(request, { signal: timeout.signal });
    const text = await response.text();
    if (!response.ok && response.status !== 304) {
      throw errorFromResponse(response, text, idempotencyKey);
    }
    return new Response(BODILESS_STATUSES.has(response.status) ? null : text, response);
  } catch (error) {
    // The caller's own abort is rethrown unchanged.
    if (request.signal.aborted) throw request.signal.reason;
    const reason: unknown = timeout.signal.aborted ? timeout.signal.reason : error;
    throw errorFromException(reason, idempotencyKey);
  } finally {
    timeout.close();
  }
}

// `crypto` is absent on insecure pages. The key is not a secret; it only has to be unique.
function newIdempotencyKey(): string {
  const digits = () =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return globalThis.crypto?.randomUUID?.() ?? digits() + digits() + digits() + digits();
}
