/** Iterates over all pages of a list; a page is read when the iteration comes to it. */
import { BffError, CLIENT_CODES } from "./errors.js";

/** One page, and the cursor of the next one; null on the last page. */
export interface CursorPage<T, Cursor> {
  readonly items: readonly T[];
  readonly next: Cursor | null;
}

/** Yields the items of every page in order. */
export async function* eachByCursor<T, Cursor>(
  read: (cursor: Cursor | undefined) => Promise<CursorPage<T, Cursor>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: Cursor | undefined;
  for (;;) {
    const { items, next } = await read(cursor);
    yield* items;
    if (next === null) return;
    if (next === cursor) {
      const message = "The list does not go on: a page names itself as the next one";
      throw new BffError({ code: CLIENT_CODES.unexpected, message, status: 200 });
    }
    cursor = next;
  }
}

/** Yields the items of every page in order, each once: rows move while the pages are read. */
export async function* eachByOffset<T>(
  read: (offset: number) => Promise<CursorPage<T, number>>,
  idOf: (item: T) => string,
): AsyncGenerator<T, void, undefined> {
  const seen = new Set<string>();
  const pages = eachByCursor<T, number>(async (offset) => read(offset ?? 0));
  for await (const item of pages) {
    if (seen.has(idOf(item))) continue;
    seen.add(idOf(item));
    yield item;
  }
}
