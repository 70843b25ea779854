/** The signed-in person, as the screens know them. */
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { describeError } from "@/lib/errors";
import type { ErrorDescription } from "@/lib/errors";
import { session } from "@/services/session";
import type { Credentials, SessionUser } from "@/services/session";

export const useAuthStore = defineStore("auth", () => {
  const user = ref<SessionUser | null>(null);
  const isRestored = ref(false);
  /** The gateway did not say who is signed in. */
  const failure = shallowRef<ErrorDescription>();
  /** The session ended while a screen was open: the page asks for the password over it. */
  const hasExpired = ref(false);
  /** The person wanted to leave, and the gateway did not hear of it: its cookie is still here. */
  const isStillSignedIn = ref(false);
  let isLeaving = false;
  let restoring: Promise<void> | undefined;

  const isAuthenticated = computed(() => user.value !== null);
  const userRoles = computed(() => user.value?.roles ?? []);
  const isAdmin = computed(() => userRoles.value.includes("admin"));
  const isTeacher = computed(() => userRoles.value.includes("teacher"));
  /** The first page of the person's role. */
  const home = computed(() => (isAdmin.value && !isTeacher.value ? "/admin" : "/app/dashboard"));

  session.onChange((now) => {
    if (isLeaving) return;
    const isOther = user.value !== null && now !== null && now.id !== user.value.id;
    // The open page is of the person before, who signed out in another tab.
    if (isOther) window.location.assign("/");
    else if (now === null) hasExpired.value = user.value !== null;
    else setAuth(now);
  });

  /** Reads the session of the cookie once; without an answer it is tried again at the next page. */
  function restore(): Promise<void> {
    if (isRestored.value) return Promise.resolve();
    restoring ??= read().finally(() => (restoring = undefined));
    return restoring;
  }

  async function read(): Promise<void> {
    try {
      setAuth(await session.restore());
      isRestored.value = true;
      failure.value = undefined;
    } catch (error) {
      failure.value = describeError(error);
    }
  }

  /** Signs in; after the end of a session, tells whether it is the same person again. */
  async function signIn(credentials: Credentials): Promise<boolean> {
    const before = user.value?.id;
    setAuth(await session.signIn(credentials));
    isRestored.value = true;
    return before === undefined || before === user.value?.id;
  }

  /** The page forgets the person also when the gateway is not reached. */
  async function signOut(): Promise<void> {
    if (isLeaving) return;
    isLeaving = true;
    try {
      clearAuth();
      await session.signOut();
      isStillSignedIn.value = false;
    } catch {
      isStillSignedIn.value = true;
    } finally {
      isLeaving = false;
    }
  }

  function setAuth(signedIn: SessionUser | null): void {
    user.value = signedIn;
    hasExpired.value = false;
    if (signedIn) isStillSignedIn.value = false;
  }

  function clearAuth(): void {
    setAuth(null);
  }

  return {
    user,
    isRestored,
    failure,
    hasExpired,
    isStillSignedIn,
    isAuthenticated,
    userRoles,
    isAdmin,
    isTeacher,
    home,
    restore,
    signIn,
    signOut,
    setAuth,
    clearAuth,
  };
});
