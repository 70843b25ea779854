/**
 * The signed-in person. The only module that knows how the session is kept: in the gateway's
 * cookie, which no script can read.
 */
import { createSession } from "@huleedu/bff-client";
import type { Api, ClientOptions } from "@huleedu/bff-client";
import { wantedLocale } from "@/lib/i18n";

export type SessionUser = {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly roles: readonly string[];
};
export type Credentials = { readonly email: string; readonly password: string };

const BASE_URL = "";

/** The global fetch, with the language of the page: messages and files come in it. */
const fetchInLanguage: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
  headers.set("Accept-Language", wantedLocale());
  return fetch(input, { ...init, headers });
};

let onChange: (user: SessionUser | null) => void = () => undefined;

const cookieSession = createSession({
  baseUrl: BASE_URL,
  fetch: fetchInLanguage,
  onChange: (user) => onChange(fromApi(user)),
});

function fromApi(user: Api.SessionUserV1 | undefined): SessionUser | null {
  if (!user) return null;
  return { id: user.user_id, email: user.email, name: user.name, roles: user.roles };
}

export const session = {
  /** Options of every client of the screens. */
  clientOptions: {
    baseUrl: BASE_URL,
    session: cookieSession,
    fetch: fetchInLanguage,
  } satisfies ClientOptions,

  /** Called when another person is signed in, or nobody: here, in another tab, or by expiry. */
  onChange(listener: (user: SessionUser | null) => void): void {
    onChange = listener;
  },

  /**
   * The person of the cookie; null when nobody is signed in.
   *
   * @throws BffError when the gateway does not say.
   */
  async restore(): Promise<SessionUser | null> {
    return fromApi(await cookieSession.resume());
  },

  async signIn(credentials: Credentials): Promise<SessionUser | null> {
    return fromApi(await cookieSession.signIn(credentials));
  },

  /**
   * Ends the session in every tab of this browser.
   *
   * @throws BffError when the browser may still be signed in.
   */
  async signOut(): Promise<void> {
    try {
      await cookieSession.signOut();
    } catch (error) {
      if (cookieSession.user) throw error;
    }
  },
};
