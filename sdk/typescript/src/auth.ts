/** Client of sign-in and accounts. */
import createClient from "openapi-fetch";
import type { BffError } from "./errors.js";
import { createFetch, requestOptions, unwrap } from "./request.js";
import type { BaseOptions, CallOptions, TokenSupplier } from "./request.js";
import type { GatewayPaths } from "./gateway_paths.js";
import type { LoginV1, MessageV1, paths, RegisterV1, TokensV1 } from "./generated/api.js";
import { Session } from "./session.js";
import type { SessionRoutes } from "./session.js";

type Paths = GatewayPaths<paths>;

/** Options of `createAuthClient`. */
export interface AuthOptions extends BaseOptions {
  /**
   * Called once when a session of this client ends: with Identity's refusal, or with undefined
   * after `signOut`. Show the sign-in page.
   */
  readonly onSignedOut?: ((error: BffError | undefined) => void) | undefined;
}

/** Sign-in and accounts. None of its methods needs a session. */
export interface AuthClient {
  /** Opens a session with e-mail address and password. */
  signIn(login: LoginV1, call?: CallOptions): Promise<Session>;
  /** Opens a session from a stored refresh token. */
  resume(refreshToken: string, call?: CallOptions): Promise<Session>;
  /** Requests an account; an admin approves it. */
  register(account: RegisterV1, call?: CallOptions): Promise<MessageV1>;
  /** Proves an e-mail address with the token of a mail. */
  verifyEmail(token: string, call?: CallOptions): Promise<MessageV1>;
  /** Requests another mail to prove an address. Resolves also for addresses without an account. */
  resendVerification(email: string, call?: CallOptions): Promise<MessageV1>;
  /** Requests a mail to reset the password. Resolves also for addresses without an account. */
  requestPasswordReset(email: string, call?: CallOptions): Promise<MessageV1>;
  /** Sets a password with the token of a mail. */
  resetPassword(token: string, newPassword: string, call?: CallOptions): Promise<MessageV1>;
  /** The underlying openapi-fetch client; it throws `BffError` too. */
  readonly raw: ReturnType<typeof rawClient>;
}

/** Makes the client of sign-in and accounts. */
export function createAuthClient(options: AuthOptions): AuthClient {
  const raw = rawClient(options);
  const routes = sessionRoutes(raw, options);
  return {
    raw,
    signIn: async (body, call = {}) => {
      const tokens = await unwrap<TokensV1>(
        raw.POST("/v1/auth/login", { body, ...requestOptions(call) }),
      );
      return new Session(routes, tokens.refresh_token, tokens, options.onSignedOut);
    },
    resume: async (refreshToken, call = {}) => {
      const access = await routes.refresh(refreshToken, call);
      return new Session(routes, refreshToken, access, options.onSignedOut);
    },
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

function rawClient(options: AuthOptions, token?: TokenSupplier) {
  const { baseUrl } = options;
  const fetch = createFetch({ ...options, token, idempotencyKeys: false });
  return createClient<Paths>({ baseUrl, fetch, redirect: "error" });
}

function sessionRoutes(raw: RawClient, options: AuthOptions) {
  return {
    refresh: (refreshToken, call: CallOptions = {}) => {
      const body = { refresh_token: refreshToken };
      return unwrap(raw.POST("/v1/auth/refresh", { body, ...requestOptions(call) }));
    },
    signOut: (refreshToken, call) => {
      const body = { refresh_token: refreshToken };
      return unwrap(raw.POST("/v1/auth/logout", { body, ...requestOptions(call) }));
    },
    changePassword: (session, passwords, call) => {
      const body = { current_password: passwords.current, new_password: passwords.new };
      const own = rawClient(options, session.token);
      return unwrap(own.POST("/v1/auth/change-password", { body, ...requestOptions(call) }));
    },
  } satisfies SessionRoutes;
}
