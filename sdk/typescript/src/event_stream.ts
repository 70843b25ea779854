/** Server-sent events, parsed from a chunked body. */
import { chunksOf } from "./body.js";
import { BffError, CLIENT_CODES, errorFromException } from "./errors.js";

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | undefined;
  /** The last `retry:` of this body, in milliseconds. */
  readonly retryMs: number | undefined;
}

/** Characters of one event. Bounds the memory of a body that never ends a line. */
const MAX_EVENT_LENGTH = 4 * 1024 * 1024;

/** Yields the events of a body; calls `onChunk` for every chunk, heartbeats included. */
export async function* parseEventStream(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onChunk: () => void,
): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let [rest, fields, size] = ["", new Map<string, string>(), 0];
  for await (const value of thrownAsErrors(chunksOf(body, signal))) {
    onChunk();
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      size += line.length;
      if (size + rest.length > MAX_EVENT_LENGTH) throw protocolError("an event is too long");
      if (addField(fields, line.replace(/\r$/, ""))) continue;
      if (fields.has("data")) yield eventFrom(fields);
      const retry = fields.get("retry");
      [fields, size] = [new Map(retry === undefined ? [] : [["retry", retry]]), 0];
    }
    if (size + rest.length > MAX_EVENT_LENGTH) throw protocolError("an event is too long");
  }
}

/** The same chunks; a failure becomes a `BffError`. */
async function* thrownAsErrors(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw errorFromException(error);
  }
}

/** The error for a stream that breaks its protocol. The local state must be discarded. */
export function protocolError(problem: string, cause?: unknown): BffError {
  const message = `The event stream is invalid: ${problem}`;
  return new BffError({ code: CLIENT_CODES.unexpected, message, status: 200, cause });
}

/** Adds the line to the event's fields; false for the empty line that ends the event. */
function addField(fields: Map<string, string>, line: string): boolean {
  const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
  const before = fields.get("data");
  const appends = name === "data" && before !== undefined;
  if (name !== "") fields.set(name, appends ? `${before}\n${value}` : value);
  return line !== "";
}

function eventFrom(fields: Map<string, string>): StreamEvent {
  const retry = fields.get("retry") ?? "";
  return {
    name: fields.get("event") ?? "message",
    data: fields.get("data") ?? "",
    id: fields.get("id"),
    retryMs: /^\d{1,9}$/.test(retry) ? Number(retry) : undefined,
  };
}
