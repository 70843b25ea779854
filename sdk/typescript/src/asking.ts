/** How a call is made: token, time limit, idempotency key, and one kind of error. No retries. */
import { BffError, CLIENT_CODES, interruption, refusal } from "./errors.js";
import { TimeLimit } from "./time_limit.js";

/** Called for every request, so that a token can be refreshed; `Session.token` is one. */
export type TokenSupplier = () => string | Promise<string>;

export interface ClientOptions {
  /** Where the gateway is, such as `https://bff.example`; empty for the page's own origin. */
  readonly baseUrl: string;
  readonly token: TokenSupplier;
  /** Seconds for a whole answer; 15 unless told. */
  readonly timeoutSeconds?: number | undefined;
  /** Another fetch, for tests. */
  readonly fetch?: typeof fetch | undefined;
}

/** What may be said of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What may be said of one write. */
export interface WriteOptions extends CallOptions {
  /** The key of an earlier attempt (`BffError.idempotencyKey`), to repeat it safely. */
  readonly idempotencyKey?: string | undefined;
}

type Asking = Omit<ClientOptions, "token" | "baseUrl"> & {
  readonly token?: TokenSupplier | undefined;
  readonly keyed: boolean;
};

const READS = new Set(["GET", "HEAD"]);
const EMPTY = new Set([204, 205, 304]);

/** A fetch that answers 2xx and 304 whole, and throws a `BffError` for everything else. */
export function askingFetch(asking: Asking): (request: Request) => Promise<Response> {
  return async (request) => {
    if (asking.keyed && !READS.has(request.method) && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", newKey());
    }
    if (asking.token) request.headers.set("Authorization", `Bearer ${await tokenOf(asking.token)}`);
    return wholeAnswer(request, asking);
  };
}

/** The supplier's token; a failure of its own becomes a `BffError`. */
export async function tokenOf(supplier: TokenSupplier): Promise<string> {
  try {
    return await supplier();
  } catch (error) {
    if (error instanceof BffError) throw error;
    const message = "The token supplier failed";
    throw new BffError({ code: CLIENT_CODES.noToken, message, cause: error });
  }
}

/** The value of a call of openapi-fetch, whose failures were thrown already. */
export async function valueOf<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  return (await answerOf(call)).value;
}

/** The same with the response, for its headers. */
export async function answerOf<T>(
  call: Promise<{ data?: T; response: Response }>,
): Promise<{ value: T; response: Response }> {
  try {
    const { data, response } = await call;
    return { value: data as T, response };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const message = "The answer is not JSON";
    throw new BffError({ code: CLIENT_CODES.unexpected, message, cause: error });
  }
}

/** What a caller said of one call, as openapi-fetch takes it. */
export function said(call: CallOptions): { signal?: AbortSignal } {
  return call.signal ? { signal: call.signal } : {};
}

/** The headers of a write that may be a repeat. */
export function keyed(options: WriteOptions): Record<string, string> {
  return options.idempotencyKey === undefined ? {} : { "Idempotency-Key": options.idempotencyKey };
}

// The body is read here, so that time limit and error cover it, and nothing is left to clean up.
async function wholeAnswer(request: Request, asking: Asking): Promise<Response> {
  const key = request.headers.get("Idempotency-Key") ?? undefined;
  const limit = new TimeLimit(asking.timeoutSeconds ?? 15, late(key), request.signal);
  try {
    const response = await (asking.fetch ?? fetch)(request, { signal: limit.signal });
    const text = await response.text();
    if (!response.ok && response.status !== 304) throw refusal(response, text, key);
    return new Response(EMPTY.has(response.status) ? null : text, response);
  } catch (error) {
    // The caller's own abort comes back as the caller gave it.
    if (request.signal.aborted) throw request.signal.reason;
    throw interruption(limit.signal.aborted ? limit.signal.reason : error, key);
  } finally {
    limit.close();
  }
}

function late(idempotencyKey: string | undefined): BffError {
  const message = "No whole answer in time";
  return new BffError({ code: CLIENT_CODES.timeout, message, idempotencyKey });
}

// Not every page has `crypto`, and the key is no secret: it need only be one that no other write has.
function newKey(): string {
  const digits = () => Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0");
  return globalThis.crypto?.randomUUID?.() ?? digits() + digits() + digits() + digits();
}
