/** The clients of the screens, and the check of what they answer. */
import { BffError, createAuthClient, createTeacherClient } from "@huleedu/bff-client";
import { z } from "zod";
import { session } from "@/services/session";

/** The gateway that serves this page. */
export const teacherClient = createTeacherClient(session.clientOptions);
export const authClient = createAuthClient({
  baseUrl: session.clientOptions.baseUrl,
  fetch: session.clientOptions.fetch,
});

/**
 * The answer of a call, checked against its schema.
 *
 * @throws BffError with `CLIENT_UNEXPECTED_ANSWER` for an answer of another shape.
 */
export async function getWithValidation<T>(
  schema: z.core.$ZodType<T>,
  call: Promise<T>,
): Promise<T> {
  return checked(schema, await call);
}

/** An answer that is there already; throws as `getWithValidation` does. */
export function checked<T>(schema: z.core.$ZodType<T>, answer: T): T {
  const result = z.safeParse(schema, answer);
  if (result.success) return result.data;
  throw new BffError({
    code: "CLIENT_UNEXPECTED_ANSWER",
    message: result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join(),
    status: 200,
    cause: result.error,
  });
}
