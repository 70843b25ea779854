/** Preferences kept in the browser: never tokens, never anything of a pupil. */

const PREFIX = "huleedu.";

/** A kept preference; undefined where there is none, or the browser denies the storage. */
export function readPreference(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a preference; where the browser denies it, it lasts as long as the page. */
export function keepPreference(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    return;
  }
}
