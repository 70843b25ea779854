/** Stores of the admin: edits of settings, names of people. */
import { BffError } from "@huleedu/bff-client";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";
import { readAccount } from "@/services/admin-accounts";
import type { AccountDetail } from "@/services/admin-accounts";
import { useAuthStore } from "@/stores/auth";
import { fullName, usePeopleStore } from "@/stores/people";
import { useSettingsStore } from "@/stores/settings";

vi.mock("@/services/admin-accounts", () => ({ readAccount: vi.fn() }));

const failure = (code: string, status: number) => new BffError({ code, status, message: code });
const VERSION_3 = { values: { a: 1, b: { c: true } }, etag: '"3"', version: 3 };
const KARIN = { id: "karin", email: "karin@skola.example", name: null, roles: ["admin"] };
const VERA = { ...KARIN, id: "vera" };
const VERSION_4 = { values: { a: 1, b: { c: false } }, etag: '"4"', version: 4 };

beforeEach(() => setActivePinia(createPinia()));

describe("the edits of settings", () => {
  it("tell what was changed, and undo it", () => {
    const store = useSettingsStore();
    store.open("uploads", VERSION_3);

    store.setValue("uploads", ["b", "c"], false);

    expect(store.changesOf("uploads")).toEqual([{ path: ["b", "c"], before: true, after: false }]);
    store.undo("uploads");
    expect(store.isDirty("uploads")).toBe(false);
  });

  it("keep what was typed when the page is opened again, and say that it is older", () => {
    const store = useSettingsStore();
    store.open("uploads", VERSION_3);
    store.setValue("uploads", ["a"], 2);
    store.setReason("uploads", "More");

    store.open("uploads", VERSION_4);

    expect(store.edits.uploads).toMatchObject({ draft: { a: 2 }, reason: "More" });
    expect(store.isOutdated("uploads", VERSION_4)).toBe(true);
  });

  it("follow the saved version where nothing was typed", () => {
    const store = useSettingsStore();
    store.open("uploads", VERSION_3);

    store.open("uploads", VERSION_4);

    expect(store.edits.uploads?.draft).toEqual(VERSION_4.values);
    expect(store.isOutdated("uploads", VERSION_4)).toBe(false);
  });

  it("go on from the other version after a merge, and end when they are saved", () => {
    const store = useSettingsStore();
    store.open("uploads", VERSION_3);
    store.setValue("uploads", ["a"], 2);

    store.rebase("uploads", VERSION_4, { a: 2, b: { c: false } });

    expect(store.changesOf("uploads").map(({ path }) => path)).toEqual([["a"]]);
    store.settle("uploads", { values: { a: 2, b: { c: false } }, etag: '"5"', version: 5 });
    expect(store.isDirty("uploads")).toBe(false);
  });

  it("are dropped when another person signs in, and kept for the same one", async () => {
    const [auth, store] = [useAuthStore(), useSettingsStore()];
    auth.setAuth(KARIN);
    await nextTick();
    store.open("uploads", VERSION_3);

    auth.setAuth(KARIN);
    await nextTick();
    expect(store.edits.uploads).toBeDefined();

    auth.setAuth(VERA);
    await nextTick();
    expect(store.edits).toEqual({});
  });
});

describe("the names of people", () => {
  const person = { email: "a@b.se", display_name: null, first_name: "Åsa", last_name: "Ek" };

  it("are read once each, and an id stands for one that cannot be read", async () => {
    const reading = vi.mocked(readAccount).mockImplementation(async (id) => {
      if (id === "22222222-gone") throw failure("NOT_FOUND", 404);
      return person as AccountDetail;
    });
    const people = usePeopleStore();

    await people.fetchNames(["1", "1", null, "22222222-gone"]);
    await people.fetchNames(["1", "22222222-gone"]);

    expect(reading.mock.calls.map(([id]) => id)).toEqual(["1", "22222222-gone"]);
    expect(people.nameOf("1")).toBe("Åsa Ek");
    expect(people.nameOf("22222222-gone")).toBe("22222222");
  });

  it("are those that came with a decision, also of admins of whom nothing can be read", async () => {
    const reading = vi.mocked(readAccount).mockReset();
    reading.mockRejectedValue(failure("NOT_FOUND", 404));
    const people = usePeopleStore();
    await people.fetchNames(["karin"]);

    people.rememberActors([
      { actor: "karin", actor_name: "Karin Ek" },
      { actor: "karin", actor_name: null },
      { actor: null, actor_name: null },
    ]);

    expect(people.nameOf("karin")).toBe("Karin Ek");
  });

  it("are read again after an outage", async () => {
    const reading = vi.mocked(readAccount).mockRejectedValueOnce(failure("TIMEOUT", 504));
    reading.mockResolvedValueOnce(person as AccountDetail);
    const people = usePeopleStore();
    await people.fetchNames(["11111111-late"]);
    expect(people.nameOf("11111111-late")).toBe("11111111");

    await people.fetchNames(["11111111-late"]);

    expect(people.nameOf("11111111-late")).toBe("Åsa Ek");
  });

  it("are those given, else the address", () => {
    expect(fullName(person)).toBe("Åsa Ek");
    expect(fullName({ ...person, display_name: "Å. Ek" })).toBe("Å. Ek");
    expect(fullName({ ...person, first_name: null, last_name: null })).toBe("a@b.se");
  });
});
