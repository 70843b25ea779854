/** Client of sign-in and accounts, and a session that renews its access token. */
import createClient from "openapi-fetch";
import { createFetch, requestOptions, unwrap } from "./request.js";
import type { CallOptions, ClientOptions } from "./request.js";
import type { GatewayPaths } from "./gateway_paths.js";
import type {
  AccessTokenV1,
  LoginV1,
  MessageV1,
  paths,
  RegisterV1,
  TokensV1,
} from "./generated/api.js";

type Paths = GatewayPaths<paths>;
export type AuthOptions = Omit<ClientOptions, "token">;

export interface AuthClient {
  signIn(login: LoginV1, call?: CallOptions): Promise<Session>;
  /** Opens a session from a stored refresh token. */
  resume(refreshToken: string, call?: CallOptions): Promise<Session>;
  /** Requests an account; an admin approves it. */
  register(account: RegisterV1, call?: CallOptions): Promise<MessageV1>;
  verifyEmail(token: string, call?: CallOptions): Promise<MessageV1>;
  resendVerification(email: string, call?: CallOptions): Promise<MessageV1>;
  requestPasswordReset(email: string, call?: CallOptions): Promise<MessageV1>;
  resetPassword(token: string, newPassword: string, call?: CallOptions): Promise<MessageV1>;
  readonly raw: ReturnType<typeof rawClient>;
}

export function createAuthClient(options: AuthOptions): AuthClient {
  const raw = rawClient(options);
  return {
    raw,
    signIn: async (body, call = {}) => {
      const tokens = await unwrap<TokensV1>(
        raw.POST("/v1/auth/login", { body, ...requestOptions(call) }),
      );
      return new Session(raw, tokens.refresh_token, tokens);
    },
    resume: async (refreshToken, call = {}) =>
      new Session(raw, refreshToken, await refresh(raw, refreshToken, call)),
    register: (body, call = {}) =>
      unwrap(raw.POST("/v1/auth/register", { body, ...requestOptions(call) })),
    verifyEmail: (token, call = {}) =>
      unwrap(raw.POST("/v1/auth/verify-email", { body: { token }, ...requestOptions(call) })),
    resendVerification: (email, call = {}) =>
      unwrap(
        raw.POST("/v1/auth/resend-verification", { body: { email }, ...requestOptions(call) }),
      ),
    requestPasswordReset: (email, call = {}) =>
      unwrap(
        raw.POST("/v1/auth/request-password-reset", { body: { email }, ...requestOptions(call) }),
      ),
    resetPassword: (token, newPassword, call = {}) => {
      const body = { token, new_password: newPassword };
      return unwrap(raw.POST("/v1/auth/reset-password", { body, ...requestOptions(call) }));
    },
  };
}

type RawClient = ReturnType<typeof rawClient>;

function rawClient(options: AuthOptions) {
  const { baseUrl } = options;
  const fetch = createFetch({ ...options, idempotencyKeys: false });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}

function refresh(
  raw: RawClient,
  refreshToken: string,
  call: CallOptions = {},
): Promise<AccessTokenV1> {
  const body = { refresh_token: refreshToken };
  return unwrap(raw.POST("/v1/auth/refresh", { body, ...requestOptions(call) }));
}

/** The token is renewed this long before it expires, so that none expires in flight. */
const RENEW_EARLY_MS = 30_000;

/** A signed-in user. Pass `session.token` to the clients; it renews the token when needed. */
export class Session {
  readonly #raw: RawClient;
  readonly #refreshToken: string;
  #access: { token: string; renewAt: number };
  #renewal: Promise<string> | undefined;

  constructor(raw: RawClient, refreshToken: string, access: AccessTokenV1) {
    this.#raw = raw;
    this.#refreshToken = refreshToken;
    this.#access = accessFrom(access);
  }

  /** To store, for a later `resume`. */
  get refreshToken(): string {
    return this.#refreshToken;
  }

  /** The access token. Concurrent calls share one renewal. */
  readonly token = async (): Promise<string> => {
    if (Date.now() < this.#access.renewAt) return this.#access.token;
    this.#renewal ??= this.#renew();
    return this.#renewal;
  };

  async signOut(call: CallOptions = {}): Promise<void> {
    const body = { refresh_token: this.#refreshToken };
    await unwrap(this.#raw.POST("/v1/auth/logout", { body, ...requestOptions(call) }));
  }

  async #renew(): Promise<string> {
    try {
      this.#access = accessFrom(await refresh(this.#raw, this.#refreshToken));
      return this.#access.token;
    } finally {
      this.#renewal = undefined;
    }
  }
}

// A token with a short lifetime is used for half of it.
function accessFrom(access: AccessTokenV1): { token: string; renewAt: number } {
  const lifetimeMs = access.expires_in * 1000;
  return {
    token: access.access_token,
    renewAt: Date.now() + Math.max(lifetimeMs - RENEW_EARLY_MS, lifetimeMs / 2),
  };
}
