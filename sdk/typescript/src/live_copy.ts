/** The copy of a teacher's batches: what a snapshot and every event after it make. */
import { garbled } from "./event_stream.js";
import type { StreamEvent } from "./event_stream.js";
import { mergePatched } from "./merge_patch.js";
import type { JsonObject } from "./merge_patch.js";

/** What is followed: batches by their id. */
export interface LiveState<B> {
  readonly version: number;
  readonly batches: Readonly<Record<string, B>>;
}

export interface Change {
  readonly event: "snapshot" | "batch_added" | "batch_changed" | "batch_removed";
  /** Absent for a snapshot. */
  readonly batchId?: string;
}

/** A fact that the platform told at once; the change of a batch may follow later. */
export interface Activity {
  readonly at: string;
  readonly kind: string;
  readonly batch_id?: string;
  readonly essay_id?: string;
  readonly [word: string]: unknown;
}

interface Told {
  readonly change?: Change;
  readonly activity?: Activity;
}

export class LiveCopy<B> {
  state: LiveState<B> | undefined;
  /** How many events were understood, ever. */
  heard = 0;
  #lastId: string | undefined;

  /** Where to resume; undefined when only a snapshot helps. */
  get mark(): string | undefined {
    return this.state && this.#lastId;
  }

  /** What the event tells; when it does not fit the copy, that is dropped and an error thrown. */
  take(event: StreamEvent): Told {
    try {
      const told = this.#taken(event.name, event.data);
      if (event.id !== undefined) this.#lastId = event.id;
      this.heard += 1;
      return told;
    } catch (error) {
      this.state = undefined;
      throw error;
    }
  }

  #taken(name: string, text: string): Told {
    if (name === "activity") return { activity: objectIn(text) as unknown as Activity };
    if (name === "resync") this.state = undefined;
    if (name === "snapshot") return this.#snapshot(objectIn(text));
    if (name === "batch_added" || name === "batch_changed" || name === "batch_removed") {
      return { change: this.#changed(name, objectIn(text)) };
    }
    // What is not known yet changes nothing.
    return {};
  }

  #snapshot({ version, batches }: JsonObject): Told {
    if (!Number.isSafeInteger(version) || !isObject(batches)) throw garbled("snapshot");
    this.state = { version: version as number, batches: batches as Record<string, B> };
    return { change: { event: "snapshot" } };
  }

  #changed(event: Exclude<Change["event"], "snapshot">, data: JsonObject): Change {
    const { version, batch_id: batchId, batch, patch } = data;
    if (version !== (this.state?.version ?? Number.NaN) + 1) throw garbled("a version is left out");
    if (typeof batchId !== "string") throw garbled("no batch_id");
    const batches = new Map(Object.entries(this.state?.batches ?? {}));
    if (event === "batch_removed") batches.delete(batchId);
    else batches.set(batchId, contentOf(event, batches.get(batchId), batch ?? patch) as B);
    this.state = { version: version as number, batches: Object.fromEntries(batches) };
    return { event, batchId };
  }
}

function contentOf(event: string, before: unknown, content: unknown): JsonObject {
  if (!isObject(content)) throw garbled(`${event} without content`);
  if (event === "batch_added") return content;
  if (!isObject(before)) throw garbled("a change of an unknown batch");
  return mergePatched(before, content) as JsonObject;
}

function objectIn(text: string): JsonObject {
  try {
    const data: unknown = JSON.parse(text);
    if (isObject(data)) return data;
  } catch (error) {
    throw garbled("no JSON", error);
  }
  throw garbled("no object");
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
