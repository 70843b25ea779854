import { describe, expect, it } from "vitest";
import { fullTitle, mapAction, mapBatch } from "@/utils/batch-mapper";
import { ATTENTION, batch } from "../support/examples";

describe("a batch of the API becomes a row", () => {
  it.each([
    ["not_started", "processing", "Inväntar innehåll", null],
    ["awaiting_review", "attention", "Kräver åtgärd", "Hantera innan autobekräftelse →"],
    ["ready", "processing", "Redo", "Klicka för att starta"],
    ["retried", "processing", "Startad på nytt", null],
    ["completed_successfully", "complete", "Klar", "Redo för granskning →"],
    ["completed_with_failures", "complete", "Klar", "3 avvikelser"],
    ["failed", "attention", "Misslyckades", "Se vad som gick fel →"],
    ["cancelled", "complete", "Avbruten", null],
    [null, "processing", "Okänt läge", null],
  ] as const)("in the state %s", (status, state, statusLabel, progressLabel) => {
    const row = mapBatch(
      batch({ status, failed_essays: 3, attention: null, processing_phase: null }),
    );

    expect(row).toMatchObject({ state, statusLabel, progressLabel });
  });

  it("whose running phase has its words, and whose share may be unknown", () => {
    const running = { status: "processing", attention: null } as const;

    const counted = mapBatch(
      batch({ ...running, processing_phase: "spellcheck", progress_percent: 58 }),
    );
    const uncounted = mapBatch(
      batch({ ...running, processing_phase: "cj_assessment", progress_percent: null }),
    );

    expect(counted).toMatchObject({
      progressPercent: 58,
      progressLabel: "Stavningskontroll pågår",
    });
    expect(uncounted).toMatchObject({ progressPercent: null, progressLabel: "CJ-bedömning pågår" });
    expect(counted.timeDisplay).toBe("");
  });

  it("from the stream too, which leaves out what is null", () => {
    const { class_name: _, completed_at: __, progress_percent: ___, ...rest } = batch();

    const row = mapBatch({ ...rest, class_name: undefined } as never);

    expect(row).toMatchObject({ className: null, progressPercent: null });
  });

  it("with the platform's stand-in for a title replaced", () => {
    expect(mapBatch(batch({ title: "Untitled Batch", title_source: null })).title).toBe(
      "Namnlös bunt",
    );
    expect(mapBatch(batch({ title: "<b>Resa</b>", title_source: "teacher" })).title).toBe(
      "<b>Resa</b>",
    );
    expect(fullTitle("SA24A", "Resa")).toBe("SA24A · Resa");
    expect(fullTitle(null, "Resa")).toBe("Resa");
  });
});

it("only what waits for the teacher is an action", () => {
  expect(mapAction(batch({ attention: ATTENTION }))).toMatchObject({ pending: 24, unmatched: 2 });
  expect(mapAction(batch({ attention: { ...ATTENTION, pending: null } }))?.pending).toBeNull();
  expect(mapAction(batch({ attention: null }))).toBeUndefined();
  expect(mapAction(batch({ attention: { ...ATTENTION, pending: 0 } }))).toBeUndefined();
  const confirmed = { ...ATTENTION, confirmed_at: "2026-02-07T10:00:00Z" };
  expect(mapAction(batch({ attention: confirmed }))).toBeUndefined();
});
