/** Signing in, and a session whose token renews itself. */
import createClient from "openapi-fetch";
import { askingFetch, said, valueOf } from "./asking.js";
import type { CallOptions, ClientOptions } from "./asking.js";
import type { ThroughGateway } from "./gateway_paths.js";
import type {
  AccessTokenV1,
  LoginV1,
  MessageV1,
  paths,
  RegisteredV1,
  RegisterV1,
  TokensV1,
} from "./generated/gateway.js";

type Paths = ThroughGateway<paths>;
export type AuthOptions = Omit<ClientOptions, "token">;

export interface AuthClient {
  signIn(login: LoginV1, call?: CallOptions): Promise<Session>;
  /** A session from a refresh token that was kept. */
  resume(refreshToken: string, call?: CallOptions): Promise<Session>;
  /** Ask for an account; an admin decides on it. */
  register(account: RegisterV1, call?: CallOptions): Promise<RegisteredV1>;
  verifyEmail(token: string, call?: CallOptions): Promise<MessageV1>;
  resendVerification(email: string, call?: CallOptions): Promise<MessageV1>;
  requestPasswordReset(email: string, call?: CallOptions): Promise<MessageV1>;
  resetPassword(token: string, newPassword: string, call?: CallOptions): Promise<MessageV1>;
  readonly raw: ReturnType<typeof rawClient>;
}

export function createAuthClient(options: AuthOptions): AuthClient {
  const raw = rawClient(options);
  const post = <T>(call: Promise<{ data?: T; response: Response }>) => valueOf(call);
  return {
    raw,
    signIn: async (body, call = {}) => {
      const tokens = await post<TokensV1>(raw.POST("/v1/auth/login", { body, ...said(call) }));
      return new Session(raw, tokens.refresh_token, tokens);
    },
    resume: async (refreshToken, call = {}) =>
      new Session(raw, refreshToken, await refreshed(raw, refreshToken, call)),
    register: (body, call = {}) => post(raw.POST("/v1/auth/register", { body, ...said(call) })),
    verifyEmail: (token, call = {}) =>
      post(raw.POST("/v1/auth/verify-email", { body: { token }, ...said(call) })),
    resendVerification: (email, call = {}) =>
      post(raw.POST("/v1/auth/resend-verification", { body: { email }, ...said(call) })),
    requestPasswordReset: (email, call = {}) =>
      post(raw.POST("/v1/auth/request-password-reset", { body: { email }, ...said(call) })),
    resetPassword: (token, newPassword, call = {}) => {
      const body = { token, new_password: newPassword };
      return post(raw.POST("/v1/auth/reset-password", { body, ...said(call) }));
    },
  };
}

type Raw = ReturnType<typeof rawClient>;

function rawClient(options: AuthOptions) {
  const { baseUrl } = options;
  const fetch = askingFetch({ ...options, keyed: false });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}

function refreshed(raw: Raw, refreshToken: string, call: CallOptions = {}): Promise<AccessTokenV1> {
  const body = { refresh_token: refreshToken };
  return valueOf(raw.POST("/v1/auth/refresh", { body, ...said(call) }));
}

/** Renewed this long before the token's end, so that no call travels with one that just ended. */
const EARLY_MS = 30_000;

/** Who is signed in. Give `session.token` to the clients: it renews the token when it must. */
export class Session {
  readonly #raw: Raw;
  readonly #refreshToken: string;
  #access: { token: string; renewAt: number };
  #renewal: Promise<string> | undefined;

  constructor(raw: Raw, refreshToken: string, access: AccessTokenV1) {
    this.#raw = raw;
    this.#refreshToken = refreshToken;
    this.#access = taken(access);
  }

  /** For whoever keeps it, to `resume` later. */
  get refreshToken(): string {
    return this.#refreshToken;
  }

  /** The access token; calls at the same time share one renewal. */
  readonly token = async (): Promise<string> => {
    if (Date.now() < this.#access.renewAt) return this.#access.token;
    this.#renewal ??= this.#renew();
    return this.#renewal;
  };

  async signOut(call: CallOptions = {}): Promise<void> {
    const body = { refresh_token: this.#refreshToken };
    await valueOf(this.#raw.POST("/v1/auth/logout", { body, ...said(call) }));
  }

  async #renew(): Promise<string> {
    try {
      this.#access = taken(await refreshed(this.#raw, this.#refreshToken));
      return this.#access.token;
    } finally {
      this.#renewal = undefined;
    }
  }
}

// A token that lives shorter than the head start is used for half its life.
function taken(access: AccessTokenV1): { token: string; renewAt: number } {
  const lives = access.expires_in * 1000;
  return {
    token: access.access_token,
    renewAt: Date.now() + Math.max(lives - EARLY_MS, lives / 2),
  };
}
