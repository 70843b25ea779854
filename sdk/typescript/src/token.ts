/** Claims of an access token, read without verifying it: a page decides nothing by them but display. */

/** A role of the platform; later versions may add roles. */
export type Role = "teacher" | "admin" | (string & {});

/** The signed-in person, as the access token names them. */
export interface SignedInUser {
  /** Id of the account. */
  readonly userId: string;
  /** Null for a person without an organisation. */
  readonly organizationId: string | null;
  /** Roles at the time of the token. */
  readonly roles: readonly Role[];
}

/** The person in an access token, and its expiry in milliseconds since 1970. */
export interface TokenClaims {
  readonly user: SignedInUser;
  readonly expiresAt: number | undefined;
}

/** The claims of a JWT; undefined for a token of another kind. */
export function claimsOf(token: string): TokenClaims | undefined {
  const claims = payloadOf(token);
  if (claims === undefined || typeof claims["sub"] !== "string") return undefined;
  const organization = claims["org"] ?? claims["org_id"] ?? claims["organization_id"];
  const { exp, roles } = claims;
  return {
    user: {
      userId: claims["sub"],
      organizationId: typeof organization === "string" ? organization : null,
      roles: Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : [],
    },
    expiresAt: typeof exp === "number" && Number.isFinite(exp) ? exp * 1000 : undefined,
  };
}

function payloadOf(token: string): Record<string, unknown> | undefined {
  try {
    const base64 = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const payload: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof payload === "object" && payload !== null ? { ...payload } : undefined;
  } catch {
    return undefined;
  }
}
