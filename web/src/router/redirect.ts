/** The page to return to after sign-in: one of this site, never an address of another. */

export function safeRedirect(wanted: unknown): string | undefined {
  if (typeof wanted !== "string" || !/^\/(?![/\\])/.test(wanted)) return undefined;
  return wanted;
}
