/** Writes of the admin: unknown outcomes, conflicts, refusals; and reading again and again. */
import { BffError } from "@huleedu/bff-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { mount } from "@vue/test-utils";
import {
  conflictWord,
  firstDecision,
  reasonProblem,
  verdictsOf,
} from "@/components/admin/accountWords";
import { useRefresh } from "@/composables/useRefresh";
import { describeFailure, refusalsIn, useWrite } from "@/composables/useWrite";
import { setLocale } from "@/lib/i18n";

const error = (status: number, code: string, more = {}) =>
  new BffError({ status, code, message: "raw", ...more });

describe("a failed write", () => {
  it.each([
    [error(0, "CLIENT_TIMEOUT"), true],
    [error(0, "CLIENT_UNREACHABLE"), true],
    [error(200, "CLIENT_UNEXPECTED_ANSWER"), true],
    [error(502, "CLIENT_UNEXPECTED_ANSWER"), true],
    [error(504, "TIMEOUT", { details: { outcome: "unknown" } }), true],
    [error(503, "CIRCUIT_BREAKER_OPEN"), false],
    [error(409, "CONFLICT"), false],
    [error(400, "VALIDATION_ERROR"), false],
  ])("%s may have been done: %s", (thrown, isUnknown) => {
    expect(describeFailure(thrown).isUnknown).toBe(isUnknown);
  });

  it("is repeated with its key while the input is the same", async () => {
    const lost = error(0, "CLIENT_TIMEOUT", { idempotencyKey: "k1" });
    const send = vi.fn().mockRejectedValueOnce(lost).mockRejectedValueOnce(lost);
    const { run, failure } = useWrite(send.mockResolvedValue("done"));

    expect(await run({ a: 1 })).toBeUndefined();
    expect(failure.value?.isUnknown).toBe(true);
    await run({ a: 1 });
    expect(await run({ a: 2 })).toBe("done");

    expect(send.mock.calls.map(([, key]) => key)).toEqual([undefined, "k1", undefined]);
    expect(failure.value).toBeUndefined();
  });

  it("keeps its key through refusals, which tell nothing of the first attempt", async () => {
    const lost = error(504, "TIMEOUT", { idempotencyKey: "k1", details: { outcome: "unknown" } });
    const refused = error(503, "SERVICE_UNAVAILABLE", { idempotencyKey: "k1" });
    const doubt = { reason: "outcome_unknown", outcome: "unknown" };
    const unsettled = error(409, "CONFLICT", { idempotencyKey: "k1", details: doubt });
    const send = vi.fn().mockRejectedValueOnce(lost).mockRejectedValueOnce(refused);
    send.mockRejectedValueOnce(unsettled).mockResolvedValue("done");
    const { run, failure } = useWrite(send);

    for (let attempt = 0; attempt < 3; attempt += 1) await run("same");
    expect(failure.value?.isUnknown).toBe(true);
    expect(failure.value?.sentence).toBe("error.sentence.notKnownYet");
    for (let attempt = 0; attempt < 2; attempt += 1) await run("same");

    const keys = send.mock.calls.map(([, key]) => key);
    expect(keys).toEqual([undefined, "k1", "k1", "k1", undefined]);
  });

  it("is not sent twice at once", async () => {
    const send = vi.fn(async () => "done");
    const { run } = useWrite(send);

    const answers = await Promise.all([run(1), run(1)]);

    expect(answers).toEqual(["done", undefined]);
    expect(send).toHaveBeenCalledTimes(1);
  });
});

describe("a refusal", () => {
  const details = {
    errors: [
      { pointer: "/values/limits/max", message: "must be at least 1" },
      { pointer: "/reason", message: "is required" },
      "odd",
    ],
  };

  it("is shown at its setting, in the page's language", async () => {
    expect(refusalsIn(details, "/values")).toEqual({
      "/limits/max": "Servern godtar inte värdet.",
    });
    await setLocale("en");
    expect(refusalsIn(details, "/values")).toEqual({ "/limits/max": "must be at least 1" });
    expect(refusalsIn({}, "/values")).toEqual({});
  });
});

describe("a decision", () => {
  it("says who was first", () => {
    const current = { status: "denied", decided_by_name: "Vera Lund" };

    expect(firstDecision({ current })).toBe("Vera Lund hann före och har nekat kontot.");
    expect(firstDecision({ current: { status: "approved" } })).toContain("Någon annan hann före");
    expect(firstDecision({})).toBeUndefined();
  });

  it("that would leave a school without an administrator says so", () => {
    expect(conflictWord({ reason: "last_admin" })).toContain("administratör kvar");
    expect(conflictWord({ reason: "not_from_this_state" })).toBe("Någon annan hann före.");
  });

  it("can be what the account's state allows", () => {
    expect(verdictsOf("pending")).toEqual(["approve", "deny"]);
    expect(verdictsOf("approved")).toEqual(["deactivate", "deny"]);
    expect(verdictsOf("deactivated")).toEqual(["reactivate"]);
    expect(verdictsOf("denied")).toEqual(["approve"]);
  });

  it("needs its reason in one line of 500 characters", () => {
    expect(reasonProblem("  ", true)).toBe("Skriv ett skäl.");
    expect(reasonProblem("", false)).toBeUndefined();
    expect(reasonProblem("x".repeat(501), false)).toBe("Högst 500 tecken.");
  });
});

describe("a screen that refreshes itself", () => {
  let isHidden = false;

  beforeEach(() => {
    isHidden = false;
    vi.useFakeTimers();
    vi.spyOn(document, "hidden", "get").mockImplementation(() => isHidden);
  });
  afterEach(() => vi.useRealTimers());

  function hide(hidden: boolean): void {
    isHidden = hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  }

  function refreshing(read: () => Promise<void>) {
    return mount({ setup: () => useRefresh(read, 15), template: "<p />" });
  }

  it("reads every 15 seconds, not while it is hidden, and at once when it is shown again", async () => {
    const read = vi.fn(async () => undefined);
    const page = refreshing(read);

    await vi.advanceTimersByTimeAsync(30_000);
    expect(read).toHaveBeenCalledTimes(2);

    hide(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(2);

    hide(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(read).toHaveBeenCalledTimes(3);

    page.unmount();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(3);
  });

  it("waits for a slow read before it plans the next", async () => {
    let finish = () => undefined as void;
    const read = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const page = refreshing(read);

    await vi.advanceTimersByTimeAsync(40_000);
    expect(read).toHaveBeenCalledTimes(1);
    finish();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(read).toHaveBeenCalledTimes(2);
    page.unmount();
  });

  it("does not begin again when it ends during a read", async () => {
    let finish = () => undefined as void;
    const read = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const page = refreshing(read);

    await vi.advanceTimersByTimeAsync(15_000);
    page.unmount();
    finish();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(read).toHaveBeenCalledTimes(1);
  });
});
