/** Keys of submissions: the same one again does nothing twice. */

/** A new key; `crypto` has none on insecure pages. */
export function newKey(): string {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
}
