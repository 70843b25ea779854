import { BffError } from "@huleedu/bff-client";
import { expect, it } from "vitest";
import { describeError } from "@/lib/errors";
import { partSentence } from "@/lib/parts";
import { safeRedirect } from "@/router/redirect";
import { initialsOf } from "@/stores/profile";

it.each([
  [0, "CLIENT_UNREACHABLE", "error.sentence.offline"],
  [0, "CLIENT_TIMEOUT", "error.sentence.timeout"],
  [0, "CLIENT_SIGNED_OUT", "error.sentence.signedOut"],
  [200, "CLIENT_UNEXPECTED_ANSWER", "error.sentence.unexpected"],
  [401, "AUTHENTICATION_ERROR", "error.sentence.signedOut"],
  [401, "IDENTITY_INVALID_CREDENTIALS", "error.sentence.credentials"],
  [403, "AUTHORIZATION_ERROR", "error.sentence.forbidden"],
  [404, "RESOURCE_NOT_FOUND", "error.sentence.notFound"],
  [409, "CONFLICT", "error.sentence.conflict"],
  [429, "RATE_LIMIT", "error.sentence.throttled"],
  [503, "A_LATER_CODE", "error.sentence.server"],
])("says what %i %s means", (status, code, sentence) => {
  const error = new BffError({ status, code, message: "raw text", retryAfter: 3 });

  expect(describeError(error)).toMatchObject({ sentence, code, retryAfter: 3 });
});

it("hides what is no failure of a service behind one sentence", () => {
  expect(describeError(new TypeError("x is undefined"))).toMatchObject({
    sentence: "error.sentence.unexpected",
    canRetry: true,
  });
});

it("names a failing part, why it fails or how old it is", () => {
  const missing = {
    name: "class_names",
    status: "missing",
    code: "TIMEOUT",
    ageSeconds: null,
  } as const;
  const stale = { name: "credits", status: "stale", code: null, ageSeconds: 90 } as const;

  expect(partSentence(missing)).toBe(
    "Klassernas namn kunde inte läsas: tjänsten svarade inte i tid.",
  );
  expect(partSentence(stale)).toBe("Krediterna: visas som för 1 min sedan, tjänsten svarar inte.");
  expect(partSentence({ ...missing, name: "later", code: "NEW" })).toContain("(NEW)");
});

it("returns after sign-in to pages of this site only", () => {
  expect(safeRedirect("/app/batch/1?tab=results")).toBe("/app/batch/1?tab=results");
  for (const other of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "",
    undefined,
    ["/a"],
  ]) {
    expect(safeRedirect(other)).toBeUndefined();
  }
});

it("takes initials from the name, never from an address", () => {
  expect(initialsOf("Anna Maria Lindqvist")).toBe("AL");
  expect(initialsOf("Åke")).toBe("Å");
  expect(initialsOf(null)).toBe("");
});
