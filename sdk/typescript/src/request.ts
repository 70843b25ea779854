/** Sends one request: token, timeout, idempotency key, errors. Repeats it only with a new token. */
import { AbortTimeout } from "./abort_timeout.js";
import { textOf } from "./body.js";
import type { CookieSession } from "./cookie_session.js";
import { BffError, CLIENT_CODES, errorFromException, errorFromResponse } from "./errors.js";

/**
 * Returns an access token. Called for every request, so it may refresh; see `Session.token`. When
 * a service has refused the token, it is called again with the `rejected` one: if it returns
 * another token, the request is sent once more.
 */
export type TokenSupplier = (rejected?: string) => string | Promise<string>;

/** Says who sends the requests: either a bearer token or the gateway's session cookie. */
export interface Credentials {
  /** Supplies the access token: `session.token`, or a function of your own. */
  readonly token?: TokenSupplier | undefined;
  /** The session of the cookie, from `createSession`. */
  readonly session?: CookieSession | undefined;
}

/** Options of a client, and who sends its requests. */
export interface ClientOptions extends BaseOptions, Credentials {}

/** Options of every client. */
export interface BaseOptions {
  /** URL of the gateway, such as `https://bff.example`; empty for the page's own origin. */
  readonly baseUrl: string;
  /**
   * Seconds for a whole response, body included. Default 15. A value that is given is sent in
   * `X-Request-Timeout-Ms`, a little shortened, so that a screen arrives in time without the parts
   * that are late.
   */
  readonly timeoutSeconds?: number | undefined;
  /** Replaces the global `fetch`, for tests. */
  readonly fetch?: typeof fetch | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Replaces the client's `timeoutSeconds`. */
  readonly timeoutSeconds?: number | undefined;
}

/** Options of one write. */
export interface WriteOptions extends CallOptions {
  /** Key of an earlier attempt (`BffError.idempotencyKey`), to repeat it safely. */
  readonly idempotencyKey?: string | undefined;
}

type FetchOptions = Omit<BaseOptions, "baseUrl"> & {
  readonly token?: TokenSupplier | undefined;
  readonly session?: CookieSession | undefined;
  /** Read the session after a refusal. Default true. */
  readonly recovers?: boolean;
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

const DEFAULT_TIMEOUT_SECONDS = 15;
const TIMEOUT_HEADER = "X-Request-Timeout-Ms";
/** Share of the time, and milliseconds at most, that are left for the way of the response. */
const [WAY_SHARE, MAX_WAY_MS] = [0.1, 500];
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
    const milliseconds = headers.get(TIMEOUT_HEADER);
    const seconds = milliseconds === null ? options.timeoutSeconds : Number(milliseconds) / 1000;
    if (seconds !== undefined) headers.set(TIMEOUT_HEADER, serverMilliseconds(seconds));
    // That of the request itself: Node.js may collect what tells a copy's signal of an abort.
    const send = (attempt: Request) => fetchBuffered(attempt, options, request.signal, seconds);
    const { session, recovers = true } = options;
    if (session) {
      return withSession(session, recovers, () => {
        const attempt = request.clone();
        if (isWrite && session.csrf !== undefined) attempt.headers.set("X-CSRF", session.csrf);
        return send(attempt);
      });
    }
    if (!options.token) return send(request);
    return withToken(options.token, (token) => {
      // A body can be sent once, so each attempt has its own.
      const attempt = request.clone();
      attempt.headers.set("Authorization", `Bearer ${token}`);
      return send(attempt);
    });
  };
}

/**
 * The one that is given.
 *
 * @throws BffError with `CLIENT_NO_TOKEN`, if it is none or both.
 */
export function requireCredentials<T extends Credentials>(options: T): T {
  if ((options.token === undefined) !== (options.session === undefined)) return options;
  const message = "Give either a token or a session";
  throw new BffError({ code: CLIENT_CODES.noToken, message });
}

/** Sends with the cookie, and once more when another tab has signed in meanwhile. */
export async function withSession<T>(
  session: CookieSession,
  recovers: boolean,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const mayRepeat = recovers && error instanceof BffError && (await session.recover(error));
    if (!mayRepeat) throw error;
    return send();
  }
}

/** Sends with a token, or with the cookie and without one. */
export async function withCredentials<T>(
  { token, session }: Credentials,
  send: (token?: string) => Promise<T>,
  rejected?: string,
): Promise<T> {
  if (session) return withSession(session, true, send);
  return token ? withToken(token, send, rejected) : send();
}

/** Sends with a token, and once more with another one if the first is refused (401). */
export async function withToken<T>(
  supplier: TokenSupplier,
  send: (token: string) => Promise<T>,
  rejected?: string,
): Promise<T> {
  const token = await resolveToken(supplier, rejected);
  try {
    return await send(token);
  } catch (error) {
    if (!(error instanceof BffError) || error.status !== 401) throw error;
    const renewed = await resolveToken(supplier, token);
    if (renewed === token) throw error;
    return send(renewed);
  }
}

/** Calls the token supplier; throws its failure as `CLIENT_NO_TOKEN`. */
async function resolveToken(supplier: TokenSupplier, rejected?: string): Promise<string> {
  try {
    return await supplier(rejected);
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
export function requestOptions(call: WriteOptions): {
  signal?: AbortSignal;
  headers: Record<string, string>;
} {
  const headers: Record<string, string> = {};
  if (call.idempotencyKey !== undefined) headers["Idempotency-Key"] = call.idempotencyKey;
  if (call.timeoutSeconds !== undefined) {
    headers[TIMEOUT_HEADER] = String(call.timeoutSeconds * 1000);
  }
  return call.signal ? { signal: call.signal, headers } : { headers };
}

// Reads the body here, so that the timeout and the error mapping cover it too.
async function fetchBuffered(
  request: Request,
  options: FetchOptions,
  callerSignal: AbortSignal,
  seconds: number = DEFAULT_TIMEOUT_SECONDS,
): Promise<Response> {
  const idempotencyKey = request.headers.get("Idempotency-Key") ?? undefined;
  const message = "The response was not complete within the timeout";
  const timedOut = new BffError({ code: CLIENT_CODES.timeout, message, idempotencyKey });
  const timeout = new AbortTimeout(seconds, timedOut, callerSignal);
  try {
    // A token and the cookie together are refused.
    const credentials = options.session ? "include" : "omit";
    const { signal } = timeout;
    const response = await (options.fetch ?? fetch)(request, { signal, credentials });
    const text = await textOf(response, signal);
    if (!response.ok && response.status !== 304) {
      throw errorFromResponse(response, text, idempotencyKey);
    }
    return new Response(BODILESS_STATUSES.has(response.status) ? null : text, response);
  } catch (error) {
    // The caller's own abort is rethrown unchanged.
    if (callerSignal.aborted) throw callerSignal.reason;
    const reason: unknown = timeout.signal.aborted ? timeout.signal.reason : error;
    throw errorFromException(reason, idempotencyKey);
  } finally {
    timeout.close();
  }
}

/** The services get a little less time than the caller, so that their response arrives in it. */
function serverMilliseconds(seconds: number): string {
  const milliseconds = seconds * 1000;
  const way = Math.min(milliseconds * WAY_SHARE, MAX_WAY_MS);
  return String(Math.max(1, Math.floor(milliseconds - way)));
}

// `crypto` is absent on insecure pages. The key is not a secret; it only has to be unique.
function newIdempotencyKey(): string {
  const digits = () =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return globalThis.crypto?.randomUUID?.() ?? digits() + digits() + digits() + digits();
}
