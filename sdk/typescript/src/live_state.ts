/** A local replica of a teacher's batches, built from a snapshot and the events after it. */
import { protocolError } from "./event_stream.js";
import type { StreamEvent } from "./event_stream.js";
import type {
  BatchEssayV1,
  DashboardBatchV1,
  SuggestedStudentV1,
  TeacherBatchDetailV1,
} from "./generated/api.js";
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

/** A student of a live essay. Names are not in a stream; `followBatchDetail` adds them. */
export type LiveStudent = Omit<SuggestedStudentV1, "first_name" | "last_name">;

/** An essay of a live batch, without file name, which often holds a pupil's name. */
export type LiveEssay = WithoutNulls<Omit<BatchEssayV1, "filename" | "student">> & {
  student?: LiveStudent;
};

/** A batch of `followBatch`: its essays by id, so that a patch can address one. */
export type LiveBatchDetail = WithoutNulls<Omit<TeacherBatchDetailV1, "essays" | "parts">> & {
  essays: Record<string, LiveEssay>;
};

/** Batches by id. */
export interface LiveState<B> {
  /** Grows by one with each change. */
  readonly version: number;
  /** Batches by id, in no order. */
  readonly batches: Readonly<Record<string, B>>;
}

/** The event that made a state. */
export interface Change {
  /** Name of the event. */
  readonly event: "snapshot" | "batch_added" | "batch_changed" | "batch_removed";
  /** Absent for a snapshot. */
  readonly batchId?: string;
}

/** A platform event, sent immediately; the change of its batch may follow later. */
export interface Activity {
  /** Time of the event. */
  readonly at: string;
  /** Kind of the event, such as `batch_spellcheck_completed`. */
  readonly kind: string;
  /** The batch that it is about. */
  readonly batch_id?: string;
  /** The essay that it is about. */
  readonly essay_id?: string;
  readonly [field: string]: unknown;
}

/** Callbacks of the one who follows. */
export interface LiveCallbacks<B> {
  /** Receives every state in order. States are immutable and share their unchanged parts. */
  onState(state: LiveState<B>, change: Change): void;
  /** Receives the platform's events as they happen; the change of the batch follows. */
  onActivity?(activity: Activity): void;
}

interface AppliedEvent {
  readonly change?: Change;
  readonly activity?: Activity;
}

/** Applies the events of one stream. */
export class BatchReplica<B> {
  /** Undefined until the first snapshot, and after an event that did not fit. */
  state: LiveState<B> | undefined;
  /** Number of events applied since the start. */
  eventCount = 0;
  #lastId: string | undefined;

  /** Event to resume after; undefined when a snapshot is needed. */
  get lastEventId(): string | undefined {
    return this.state && this.#lastId;
  }

  /** The state as an event, for a replica that begins here; undefined without a state. */
  snapshot(): StreamEvent | undefined {
    if (!this.state) return undefined;
    const data = JSON.stringify(this.state);
    return { name: "snapshot", data, id: this.#lastId, retryMs: undefined };
  }

  /** Applies an event and calls the callbacks. Drops the state and throws when it does not fit. */
  deliver(event: StreamEvent, callbacks: LiveCallbacks<B>): void {
    const { activity, change } = this.#apply(event);
    if (activity) callbacks.onActivity?.(activity);
    if (change && this.state) callbacks.onState(this.state, change);
  }

  #apply(event: StreamEvent): AppliedEvent {
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
