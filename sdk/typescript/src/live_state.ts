/** A local replica of a teacher's batches, built from a snapshot and the events after it. */
import { protocolError } from "./event_stream.js";
import type { StreamEvent } from "./event_stream.js";
import type { BatchEssayV1, DashboardBatchV1, TeacherBatchDetailV1 } from "./generated/api.js";
import { applyMergePatch, isJsonObject } from "./merge_patch.js";
import type { JsonObject } from "./merge_patch.js";

/** Nullable fields become optional: RFC 7396 uses null for removal, so a stream carries none. */
export type WithoutNulls<T> = T extends readonly (infer Item)[]
  ? WithoutNulls<Item>[]
  : T extends object
    ? { [Name in keyof T as null extends T[Name] ? never : Name]: WithoutNulls<T[Name]> } & {
        [Name in keyof T as null extends T[Name] ? Name : never]?: WithoutNulls<
          NonNullable<T[Name]>
        >;
      }
    : T;

/** A batch of `followBatches`, with the dashboard's fields. */
export type LiveBatch = WithoutNulls<DashboardBatchV1>;

/** A batch of `followBatch`: the batch detail, its essays by id so that a patch can address one. */
export type LiveBatchDetail = WithoutNulls<Omit<TeacherBatchDetailV1, "essays">> & {
  essays: Record<string, WithoutNulls<BatchEssayV1>>;
};

/** Batches by id. */
export interface LiveState<B> {
  readonly version: number;
  readonly batches: Readonly<Record<string, B>>;
}

export interface Change {
  readonly event: "snapshot" | "batch_added" | "batch_changed" | "batch_removed";
  /** Absent for a snapshot. */
  readonly batchId?: string;
}

/** A platform event, sent immediately; the change of its batch may follow later. */
export interface Activity {
  readonly at: string;
  readonly kind: string;
  readonly batch_id?: string;
  readonly essay_id?: string;
  readonly [field: string]: unknown;
}

interface AppliedEvent {
  readonly change?: Change;
  readonly activity?: Activity;
}

export class BatchReplica<B> {
  state: LiveState<B> | undefined;
  /** Number of events applied since the start. */
  eventCount = 0;
  #lastId: string | undefined;

  /** Event to resume after; undefined when a snapshot is needed. */
  get lastEventId(): string | undefined {
    return this.state && this.#lastId;
  }

  /** Applies an event. Drops the state and throws when the event does not fit it. */
  apply(event: StreamEvent): AppliedEvent {
    try {
      const applied = this.#applyByName(event.name, event.data);
      if (event.id !== undefined) this.#lastId = event.id;
      this.eventCount += 1;
      return applied;
    } catch (error) {
      this.state = undefined;
      throw error;
    }
  }

  #applyByName(name: string, text: string): AppliedEvent {
    if (name === "activity") return { activity: parseObject(text) as unknown as Activity };
    if (name === "resync") this.state = undefined;
    if (name === "snapshot") return this.#applySnapshot(parseObject(text));
    if (name === "batch_added" || name === "batch_changed" || name === "batch_removed") {
      return { change: this.#applyChange(name, parseObject(text)) };
    }
    // Event names of later versions are ignored.
    return {};
  }

  #applySnapshot({ version, batches }: JsonObject): AppliedEvent {
    if (!Number.isSafeInteger(version) || !isJsonObject(batches)) {
      throw protocolError("malformed snapshot");
    }
    this.state = { version: version as number, batches: batches as Record<string, B> };
    return { change: { event: "snapshot" } };
  }

  #applyChange(event: Exclude<Change["event"], "snapshot">, data: JsonObject): Change {
    const { version, batch_id: batchId, batch, patch } = data;
    if (version !== (this.state?.version ?? Number.NaN) + 1) {
      throw protocolError("a version is missing");
    }
    if (typeof batchId !== "string") throw protocolError("no batch_id");
    const batches = new Map(Object.entries(this.state?.batches ?? {}));
    if (event === "batch_removed") batches.delete(batchId);
    else batches.set(batchId, changedBatch(event, batches.get(batchId), batch ?? patch) as B);
    this.state = { version: version as number, batches: Object.fromEntries(batches) };
    return { event, batchId };
  }
}

function changedBatch(event: string, before: unknown, content: unknown): JsonObject {
  if (!isJsonObject(content)) throw protocolError(`${event} without content`);
  if (event === "batch_added") return content;
  if (!isJsonObject(before)) throw protocolError("a change of an unknown batch");
  return applyMergePatch(before, content) as JsonObject;
}

function parseObject(text: string): JsonObject {
  try {
    const data: unknown = JSON.parse(text);
    if (isJsonObject(data)) return data;
  } catch (error) {
    throw protocolError("an event's data is not JSON", error);
  }
  throw protocolError("an event's data is not an object");
}
