/** A session of the gateway's cookie: the page holds no token. */
import createClient from "openapi-fetch";
import { BffError } from "./errors.js";
import type { GatewayPaths } from "./gateway_paths.js";
import type {
  LoginV1,
  MessageV1,
  paths,
  SessionUserV1,
  SessionV1,
} from "./generated/api.js";
import { createFetch, requestOptions, unwrap } from "./request.js";
import type { BaseOptions, CallOptions } from "./request.js";
import type { Passwords } from "./session.js";
import type { Role } from "./token.js";

type Paths = GatewayPaths<paths>;

/** Options of `createSession`. */
export interface SessionOptions extends BaseOptions {
  /**
   * Called when the person changes: signed in, signed out (undefined), here or in another tab, or
   * because the session has ended. Show the sign-in page for undefined.
   */
  readonly onChange?: ((user: SessionUserV1 | undefined) => void) | undefined;
}

/** Options of `CookieSession.signOut`. */
export interface SignOutOptions extends CallOptions {
  /** End all sessions of the person, on every device. */
  readonly everywhere?: boolean | undefined;
}

/** Makes a session of the gateway's cookie; call `resume` when the page loads. */
export function createSession(options: SessionOptions): CookieSession {
  return new CookieSession(options);
}

/** A session of the gateway's cookie. Pass it as `session` to the clients. */
export class CookieSession {
  readonly #raw: ReturnType<typeof rawClient>;
  readonly #onChange: ((user: SessionUserV1 | undefined) => void) | undefined;
  readonly #tabs: BroadcastChannel | undefined;
  #current: SessionV1 | undefined;
  #reading: Promise<SessionUserV1 | undefined> | undefined;

  /** Sessions come from `createSession`. */
  constructor(options: SessionOptions) {
    this.#raw = rawClient(options, this);
    this.#onChange = options.onChange;
    this.#tabs = openChannel(options.baseUrl);
    if (this.#tabs) this.#tabs.onmessage = () => void this.resume().catch(() => undefined);
  }

  /** The signed-in person; undefined before `resume`, and when nobody is. */
  get user(): SessionUserV1 | undefined {
    return this.#current?.user;
  }

  /** The roles of the signed-in person. */
  get roles(): readonly Role[] {
    return this.user?.roles ?? [];
  }

  /** The token of the header `X-CSRF`, which the clients send. */
  get csrf(): string | undefined {
    return this.#current?.csrf;
  }

  /** Moments at which the session ends: whatever happens, and without a request until then. */
  get expiry(): { readonly at: Date; readonly whenIdleAt: Date } | undefined {
    const { expires_at: at, idle_expires_at: whenIdleAt } = this.#current ?? {};
    if (at === undefined || whenIdleAt === undefined) return undefined;
    return { at: new Date(at), whenIdleAt: new Date(whenIdleAt) };
  }

  /** Signs in with e-mail address and password. */
  async signIn(login: LoginV1, call: CallOptions = {}): Promise<SessionUserV1> {
    const body = login;
    const session = await unwrap<SessionV1>(
      this.#raw.POST("/v1/session", { body, ...requestOptions(call) }),
    );
    this.#set(session);
    this.#tabs?.postMessage("changed");
    return session.user;
  }

  /**
   * Reads the session of the cookie, as after a reload; undefined when nobody is signed in. Rejects
   * when the gateway does not say. Concurrent reads are one.
   */
  resume(call: CallOptions = {}): Promise<SessionUserV1 | undefined> {
    this.#reading ??= this.#read(call).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Sets another password. A wrong current one is a `VALIDATION_ERROR` at `/current_password`. */
  async changePassword(passwords: Passwords, call: CallOptions = {}): Promise<void> {
    const body = { current_password: passwords.current, new_password: passwords.new };
    await unwrap<MessageV1>(
      this.#raw.POST("/v1/auth/change-password", { body, ...requestOptions(call) }),
    );
  }

  /** Signs out, in all tabs of this browser; rejects when the gateway does not answer. */
  async signOut({ everywhere, ...call }: SignOutOptions = {}): Promise<void> {
    const params = everywhere ? { query: { everywhere } } : {};
    try {
      await unwrap<undefined>(
        this.#raw.DELETE("/v1/session", { params, ...requestOptions(call) }),
      );
      this.#set(undefined);
    } catch (error) {
      // It may have ended here although other devices were not reached.
      await this.resume().catch(() => undefined);
      throw error;
    } finally {
      this.#tabs?.postMessage("changed");
    }
  }

  /** Stops listening to other tabs. */
  close(): void {
    this.#tabs?.close();
  }

  /**
   * Tells whether a request that was refused may be sent once more: another tab has signed in
   * meanwhile, so `csrf` is another one. Finds out as well that the session has ended.
   */
  async recover(error: BffError): Promise<boolean> {
    if (error.status !== 401 && error.code !== "CSRF") return false;
    const before = this.csrf;
    const user = await this.resume().catch(() => undefined);
    return user !== undefined && error.code === "CSRF" && this.csrf !== before;
  }

  async #read(call: CallOptions): Promise<SessionUserV1 | undefined> {
    try {
      this.#set(await unwrap<SessionV1>(this.#raw.GET("/v1/session", requestOptions(call))));
    } catch (error) {
      if (!(error instanceof BffError) || error.status !== 401) throw error;
      this.#set(undefined);
    }
    return this.user;
  }

  #set(session: SessionV1 | undefined): void {
    const before = this.#current?.csrf;
    this.#current = session;
    if (before !== session?.csrf) this.#onChange?.(session?.user);
  }
}

function rawClient(options: BaseOptions, session: CookieSession) {
  const { baseUrl } = options;
  const fetch = createFetch({ ...options, session, recovers: false, idempotencyKeys: false });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}

/** Tabs of one browser tell each other of a change; other programs have no tabs. */
function openChannel(baseUrl: string): BroadcastChannel | undefined {
  const hasTabs = typeof window !== "undefined" && typeof BroadcastChannel !== "undefined";
  return hasTabs ? new BroadcastChannel(`huleedu-session ${baseUrl}`) : undefined;
}
