/** Names of people whom a screen knows by their id alone. */
import { defineStore } from "pinia";
import { shallowRef, watch } from "vue";
import { describeError, isAbort } from "@/lib/errors";
import { useAuthStore } from "@/stores/auth";

type Named = {
  readonly email: string;
  readonly display_name: string | null;
  readonly first_name: string | null;
  readonly last_name: string | null;
};
type Acted = { readonly actor: string | null; readonly actor_name: string | null };

/** Reads at a time; a page of a list has some twenty people. */
const AT_ONCE = 4;

export const usePeopleStore = defineStore("people", () => {
  const auth = useAuthStore();
  /** By id; null while a name is being read, and where it cannot be known. */
  const names = shallowRef<Readonly<Record<string, string | null>>>({});

  /** The name, or the beginning of the id. */
  function nameOf(userId: string): string {
    return names.value[userId] ?? userId.slice(0, 8);
  }

  function remember(userId: string, name: string | null): void {
    if (name) names.value = { ...names.value, [userId]: name };
  }

  /** Names that came with what admins have done. */
  function rememberActors(entries: readonly Acted[]): void {
    for (const { actor, actor_name: name } of entries) if (actor) remember(actor, name);
  }

  /** Forgets a read that failed, unless no other will tell the name: the next page tries again. */
  function giveUp(userId: string, error: unknown): void {
    if (["notFound", "forbidden"].includes(describeError(error).kind)) return;
    const { [userId]: _, ...others } = names.value;
    names.value = others;
  }

  /** Reads the names that are not known yet; one that cannot be read is an id meanwhile. */
  async function fetchNames(userIds: Iterable<string | null>): Promise<void> {
    const wanted = [...new Set(userIds)].filter((id) => id !== null && !(id in names.value));
    const queue = wanted.filter((id): id is string => id !== null);
    if (queue.length === 0) return;
    names.value = { ...names.value, ...Object.fromEntries(queue.map((id) => [id, null])) };
    const { readAccount } = await import("@/services/admin-accounts");
    const readAll = async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        try {
          remember(id, fullName(await readAccount(id)));
        } catch (error) {
          if (isAbort(error)) return;
          giveUp(id, error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, readAll));
  }

  function clearPeople(): void {
    names.value = {};
  }

  // Another admin may not know these people.
  watch(() => auth.user?.id, clearPeople, { flush: "sync" });

  return { names, nameOf, remember, rememberActors, fetchNames, clearPeople };
});

/** The name as it was given; the address where there is none. */
export function fullName({ email, display_name, first_name, last_name }: Named): string {
  return display_name ?? ([first_name, last_name].filter(Boolean).join(" ") || email);
}
