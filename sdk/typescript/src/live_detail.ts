/** Follows one batch as the screen shows it: the stream, joined with the names it leaves out. */
import { BffError } from "./errors.js";
import { BATCH_DETAIL_SHAPE } from "./generated/shapes.js";
import type { BatchEssayV1, SuggestedStudentV1, TeacherBatchDetailV1 } from "./generated/api.js";
import type { Change, LiveBatchDetail, LiveEssay } from "./live_state.js";
import { followBatch } from "./live_updates.js";
import type { FollowOptions } from "./live_updates.js";
import { withNulls } from "./nulls.js";
import type { ClientOptions } from "./request.js";
import { sleep } from "./sleep.js";
import { createTeacherClient } from "./teacher.js";

/** Seconds between two reads of the same unknown essay or student; doubled up to the longest. */
const [FIRST_REREAD_SECONDS, LONGEST_REREAD_SECONDS] = [1, 60];

/** The batch as `teacher.batch()` returns it, kept current. */
export interface BatchDetailState {
  /** The batch, its essays in the order of the screen. */
  readonly batch: TeacherBatchDetailV1;
  /** A file name or a student's name is not read yet: it is null meanwhile. */
  readonly isIncomplete: boolean;
}

/** Options of `followBatchDetail`. */
export interface FollowDetailOptions
  extends Omit<FollowOptions<LiveBatchDetail>, "onState">,
    Pick<ClientOptions, "timeoutSeconds"> {
  /** Receives every state in order; no change after a read of names. Unchanged essays are the same objects. */
  onState(state: BatchDetailState, change: Change | undefined): void;
  /** A read of names failed with a passing error and will be repeated. */
  onReadFailed?(error: BffError): void;
}

/**
 * Follows one batch like `followBatch`, as the DTO of `teacher.batch()`: with file names, students'
 * names and parts, which it reads there, again for each essay or student that is new.
 */
export async function followBatchDetail(
  batchId: string,
  options: FollowDetailOptions,
): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", end);
  if (options.signal?.aborted) end();
  const detail = new LiveDetail(batchId, options, stop);
  try {
    const following = followBatch(batchId, {
      ...options,
      signal: stop.signal,
      onState: (state, change) => detail.receive(Object.values(state.batches)[0], change),
    });
    await following;
    detail.throwFailure();
  } finally {
    options.signal?.removeEventListener("abort", end);
    stop.abort();
  }
}

class LiveDetail {
  readonly #batchId: string;
  readonly #options: FollowDetailOptions;
  readonly #stop: AbortController;
  #live: LiveBatchDetail | undefined;
  #read: TeacherBatchDetailV1 | undefined;
  #names = new Map<string, SuggestedStudentV1>();
  #essays = new Map<string, BatchEssayV1>();
  readonly #joined = new WeakMap<LiveEssay, BatchEssayV1>();
  #isReading = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(batchId: string, options: FollowDetailOptions, stop: AbortController) {
    this.#batchId = batchId;
    this.#options = options;
    this.#stop = stop;
  }

  receive(live: LiveBatchDetail | undefined, change: Change): void {
    // A removed batch has no state; its next read is refused, which ends the following.
    this.#live = live;
    this.#show(change);
    if (!live || !this.#read || this.#unknown().length > 0) void this.#readNames();
  }

  throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #show(change: Change | undefined): void {
    if (!this.#live || !this.#read) return;
    const { essays, ...fields } = this.#live;
    const batch = withNulls({ ...fields, essays: [] }, BATCH_DETAIL_SHAPE);
    const joined = Object.values(essays).map((essay) => this.#join(essay));
    this.#options.onState(
      {
        batch: {
          ...(batch as unknown as TeacherBatchDetailV1),
          essays: joined.sort(byRankAndName),
          parts: this.#read.parts,
        },
        isIncomplete: this.#unknown().length > 0,
      },
      change,
    );
  }

  #join(live: LiveEssay): BatchEssayV1 {
    const { student: matched, ...fields } = live;
    const filename = this.#essays.get(live.essay_id)?.filename ?? null;
    const student = (matched && this.#names.get(matched.student_id)) ?? null;
    const known = this.#joined.get(live);
    if (known?.filename === filename && known.student === student) return known;
    const joined = {
      ...(withNulls(fields, BATCH_DETAIL_SHAPE.fields.essays) as unknown as BatchEssayV1),
      filename,
      student,
    };
    this.#joined.set(live, joined);
    return joined;
  }

  /** The object of an earlier read where the names are the same, so that essays stay the same. */
  #known(student: SuggestedStudentV1): SuggestedStudentV1 {
    const before = this.#names.get(student.student_id);
    const isSame =
      before?.first_name === student.first_name && before.last_name === student.last_name;
    return isSame ? before : student;
  }

  /** Essays and students of the stream that no read has named. */
  #unknown(): string[] {
    const essays = Object.values(this.#live?.essays ?? {});
    return essays.flatMap(({ essay_id: essayId, student }) => {
      const isStudentKnown = !student || this.#names.has(student.student_id);
      const missing = isStudentKnown ? [] : [`student ${student.student_id}`];
      return this.#essays.has(essayId) ? missing : [`essay ${essayId}`, ...missing];
    });
  }

  /** Reads until every essay and student is known; one read at a time, ever less often. */
  async #readNames(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    let [tried, seconds] = ["", FIRST_REREAD_SECONDS];
    try {
      while (!this.#stop.signal.aborted) {
        await this.#readOnce();
        const unknown = this.#unknown().sort().join();
        if (this.#live && this.#read && unknown === "") return;
        seconds = unknown === tried ? Math.min(2 * seconds, LONGEST_REREAD_SECONDS) : FIRST_REREAD_SECONDS;
        tried = unknown;
        await sleep(seconds * 1000, this.#stop.signal);
      }
    } catch (error) {
      this.#failure ??= { error };
      this.#stop.abort();
    } finally {
      this.#isReading = false;
    }
  }

  async #readOnce(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const client = createTeacherClient(this.#options);
      const read = await client.batch(this.#batchId, { signal });
      this.#read = read;
      this.#essays = new Map(read.essays.map((essay) => [essay.essay_id, essay]));
      const students = read.essays.flatMap(({ student }) => (student ? [student] : []));
      this.#names = new Map(students.map((one) => [one.student_id, this.#known(one)]));
      this.#show(undefined);
    } catch (error) {
      if (signal.aborted) return;
      const isPassing = error instanceof BffError && (error.status === 0 || error.status >= 429);
      if (!isPassing) throw error;
      this.#options.onReadFailed?.(error);
    }
  }
}

/** The order of the screen: by rank, then by file name; those without stand last. */
function byRankAndName(one: BatchEssayV1, other: BatchEssayV1): number {
  const ranks = [one, other].map(({ rank }) => rank ?? Infinity);
  if (ranks[0] !== ranks[1]) return (ranks[0] ?? 0) < (ranks[1] ?? 0) ? -1 : 1;
  const [name, otherName] = [one, other].map(({ filename }) => filename?.toLowerCase());
  if (name !== otherName) return name !== undefined && (otherName === undefined || name < otherName) ? -1 : 1;
  return one.essay_id < other.essay_id ? -1 : 1;
}
