/** Reads what the end of the session has left unread, when the person is back. */
import { watch } from "vue";
import type { ErrorDescription } from "@/lib/errors";
import { useAuthStore } from "@/stores/auth";

export function useSignedInAgain(
  error: () => ErrorDescription | undefined,
  read: () => Promise<void>,
): void {
  const auth = useAuthStore();
  watch(
    () => auth.hasExpired,
    (hasExpired) => {
      if (!hasExpired && error()?.kind === "signedOut") void read();
    },
  );
}
