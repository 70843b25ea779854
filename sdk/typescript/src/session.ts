/** A signed-in person's session: one access token, renewed when it is needed. */
import { BffError, CLIENT_CODES } from "./errors.js";
import type { AccessTokenV1, MessageV1 } from "./generated/api.js";
import type { CallOptions } from "./request.js";
import { claimsOf } from "./token.js";
import type { Role, SignedInUser } from "./token.js";

/** A token is renewed so many milliseconds before it expires, so that none expires in flight. */
const RENEW_EARLY_MS = 30_000;
/** A renewal that failed, while the token is still good, is tried again after so many. */
const RENEWAL_PAUSE_MS = 5_000;
/** Statuses by which Identity refuses a refresh token for good. */
const REFUSED_STATUSES = new Set([400, 401, 403]);

/** The routes of Identity that a session uses. */
export interface SessionRoutes {
  refresh(refreshToken: string): Promise<AccessTokenV1>;
  signOut(refreshToken: string, call: CallOptions): Promise<MessageV1>;
  changePassword(session: Session, passwords: Passwords, call: CallOptions): Promise<MessageV1>;
}

/** A change of password. */
export interface Passwords {
  /** The password in use. */
  readonly current: string;
  /** The password to set; eight characters or more. */
  readonly new: string;
}

interface Access {
  readonly token: string;
  readonly user: SignedInUser | undefined;
  readonly expiresAt: number;
  readonly renewAt: number;
}

/** A signed-in person. Pass `session.token` to the clients; it renews the token when needed. */
export class Session {
  /** To store, for a later `resume`. */
  readonly refreshToken: string;
  readonly #routes: SessionRoutes;
  readonly #onSignedOut: ((error: BffError | undefined) => void) | undefined;
  #access: Access;
  #renewal: Promise<string> | undefined;
  #ended: BffError | undefined;

  /** Sessions come from `signIn` and `resume`. */
  constructor(
    routes: SessionRoutes,
    refreshToken: string,
    access: AccessTokenV1,
    onSignedOut?: (error: BffError | undefined) => void,
  ) {
    this.#routes = routes;
    this.refreshToken = refreshToken;
    this.#access = accessFrom(access);
    this.#onSignedOut = onSignedOut;
  }

  /** The person in the current token; undefined for a token that is no JWT. */
  get user(): SignedInUser | undefined {
    return this.#access.user;
  }

  /** The roles in the current token. A renewal brings changed ones. */
  get roles(): readonly Role[] {
    return this.user?.roles ?? [];
  }

  /** Tells whether the session has ended, by `signOut` or because Identity refused to renew it. */
  get isSignedOut(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * The access token, renewed shortly before its `exp`, or because it is the one that a service
   * has just `rejected`. Concurrent renewals are one.
   */
  readonly token = async (rejected?: string): Promise<string> => {
    if (this.#ended) throw this.#ended;
    const { token, renewAt } = this.#access;
    if (token !== rejected && Date.now() < renewAt) return token;
    this.#renewal ??= this.#renew(rejected);
    return this.#renewal;
  };

  /** Sets another password. A wrong current one is a `VALIDATION_ERROR` at `/current_password`. */
  async changePassword(passwords: Passwords, call: CallOptions = {}): Promise<void> {
    await this.#routes.changePassword(this, passwords, call);
  }

  /** Ends the session here at once, and at Identity; rejects when Identity was not reached. */
  async signOut(call: CallOptions = {}): Promise<void> {
    this.#end(undefined);
    await this.#routes.signOut(this.refreshToken, call);
  }

  async #renew(rejected: string | undefined): Promise<string> {
    try {
      const access = accessFrom(await this.#routes.refresh(this.refreshToken));
      if (this.#ended) throw this.#ended;
      this.#access = access;
      return access.token;
    } catch (error) {
      if (error instanceof BffError && REFUSED_STATUSES.has(error.status)) this.#end(error);
      const now = Date.now();
      const { token, expiresAt } = this.#access;
      if (this.#ended || token === rejected || now >= expiresAt) throw error;
      this.#access = { ...this.#access, renewAt: now + RENEWAL_PAUSE_MS };
      return token;
    } finally {
      this.#renewal = undefined;
    }
  }

  #end(error: BffError | undefined): void {
    if (this.#ended) return;
    const message = "The session has ended";
    this.#ended = error ?? new BffError({ code: CLIENT_CODES.signedOut, message });
    this.#onSignedOut?.(error);
  }
}

// The token's own `exp` counts: `expires_in` is a constant on the platform. A new token that seems
// to have expired shows that this machine's clock is wrong: such tokens are used until rejected.
function accessFrom(access: AccessTokenV1): Access {
  const now = Date.now();
  const claims = claimsOf(access.access_token);
  const lifetime = (claims?.expiresAt ?? now + access.expires_in * 1000) - now;
  const isPlausible = lifetime > 0;
  return {
    token: access.access_token,
    user: claims?.user,
    expiresAt: isPlausible ? now + lifetime : Infinity,
    // A token with a short lifetime is used for half of it.
    renewAt: isPlausible ? now + Math.max(lifetime - RENEW_EARLY_MS, lifetime / 2) : Infinity,
  };
}
