/** The session and the clients of the page. */
import { computed, ref, shallowRef } from "vue";
import {
  createAdminClient,
  createAuthClient,
  createTeacherClient,
} from "@huleedu/bff-client";
import type { Session } from "@huleedu/bff-client";

export const baseUrl: string = import.meta.env.VITE_API_URL;
export const session = shallowRef<Session>();
export const signedOutBecause = ref("");

const auth = createAuthClient({
  baseUrl,
  onSignedOut: (error) => {
    session.value = undefined;
    signedOutBecause.value = error?.code ?? "you signed out";
  },
});

export async function signIn(email: string, password: string): Promise<void> {
  session.value = await auth.signIn({ email, password });
  signedOutBecause.value = "";
}

export const isAdmin = computed(() => session.value?.roles.includes("admin") ?? false);

/** The clients read the token of the session that is open at the time. */
export const token = (rejected?: string): Promise<string> => {
  if (!session.value) throw new Error("nobody is signed in");
  return session.value.token(rejected);
};

export const teacher = createTeacherClient({ baseUrl, token, timeoutSeconds: 4 });
export const admin = createAdminClient({ baseUrl, token });
