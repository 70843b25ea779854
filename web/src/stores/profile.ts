/** Name and credits of the signed-in person, for the header. Unknown values stay null. */
import { defineStore } from "pinia";
import { computed, ref } from "vue";
import type { Area } from "@/stores/navigation";

export type Profile = {
  readonly displayName: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly maintenance: Maintenance | null;
};

/** What those who run the platform have set; their text by language. */
export type Maintenance = {
  readonly read_only: boolean;
  readonly show_banner: boolean;
  readonly banner: Readonly<Record<string, string>>;
};

export const useProfileStore = defineStore("profile", () => {
  const profile = ref<Profile | null>(null);
  /** Credits left; null while unknown. */
  const credits = ref<number | null>(null);

  const name = computed(() => {
    const { firstName, lastName, displayName } = profile.value ?? {};
    return displayName ?? ([firstName, lastName].filter(Boolean).join(" ") || null);
  });
  const initials = computed(() => initialsOf(name.value));
  const maintenance = computed(() => profile.value?.maintenance ?? null);

  /** Reads the profile of an area; without an answer, the header keeps what it knows. */
  async function fetchProfile(area: Area): Promise<void> {
    const services = import("@/services/profile");
    const [me, left] = await Promise.allSettled([
      services.then(({ readProfile }) => readProfile(area)),
      services.then(({ readCredits }) => (area === "teacher" ? readCredits() : null)),
    ]);
    if (me.status === "fulfilled") profile.value = me.value;
    if (left.status === "fulfilled") credits.value = left.value;
  }

  function setCredits(available: number | null): void {
    credits.value = available;
  }

  function clearProfile(): void {
    profile.value = null;
    credits.value = null;
  }

  return { profile, credits, name, initials, maintenance, fetchProfile, setCredits, clearProfile };
});

/** First letters of the first and the last name. */
export function initialsOf(name: string | null): string {
  const words = (name ?? "").split(/\s+/).filter(Boolean);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen.map((word) => [...(word ?? "")][0]?.toLocaleUpperCase() ?? "").join("");
}
