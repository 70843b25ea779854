/** Server-sent events out of a body that comes in pieces. */
import { BffError, CLIENT_CODES, interruption } from "./errors.js";

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | undefined;
  /** The last `retry:` of this body. */
  readonly retryMs: number | undefined;
}

/** Characters of one event; a body that never ends a line must not fill the memory. */
const LONGEST_EVENT = 4 * 1024 * 1024;

/** The events of a body; `alive` is called for every piece, heartbeats among them. */
export async function* eventsIn(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  alive: () => void,
): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [rest, fields, size] = ["", new Map<string, string>(), 0];
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw interruption(signal.aborted ? signal.reason : error);
    });
    if (done) return;
    alive();
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      size += line.length;
      if (size + rest.length > LONGEST_EVENT) throw garbled("an event is too long");
      if (take(fields, line.replace(/\r$/, ""))) continue;
      if (fields.has("data")) yield eventOf(fields);
      const retry = fields.get("retry");
      [fields, size] = [new Map(retry === undefined ? [] : [["retry", retry]]), 0];
    }
    if (size + rest.length > LONGEST_EVENT) throw garbled("an event is too long");
  }
}

/** What was sent is not what was agreed: the copy cannot be trusted any more. */
export function garbled(what: string, cause?: unknown): BffError {
  const message = `The stream is not as agreed: ${what}`;
  return new BffError({ code: CLIENT_CODES.unexpected, message, status: 200, cause });
}

/** Whether the line belongs to an event; an empty one ends it. */
function take(fields: Map<string, string>, line: string): boolean {
  const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
  const before = fields.get("data");
  const more = name === "data" && before !== undefined;
  if (name !== "") fields.set(name, more ? `${before}\n${value}` : value);
  return line !== "";
}

function eventOf(fields: Map<string, string>): StreamEvent {
  const retry = fields.get("retry") ?? "";
  return {
    name: fields.get("event") ?? "message",
    data: fields.get("data") ?? "",
    id: fields.get("id"),
    retryMs: /^\d{1,9}$/.test(retry) ? Number(retry) : undefined,
  };
}
