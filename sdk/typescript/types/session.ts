/** Sessions and pages keep their types. */
import {
  createAdminClient,
  createAuthClient,
  createSession,
  createTeacherClient,
} from "@huleedu/bff-client";
import type { Api, CookieSession, Role, Session } from "@huleedu/bff-client";

export async function use(session: Session): Promise<unknown> {
  const roles: readonly Role[] = session.roles;
  const isAdmin: boolean = roles.includes("admin");
  await session.changePassword({ current: "a", new: "b" });
  // @ts-expect-error Both passwords are needed.
  await session.changePassword({ new: "b" });
  createAuthClient({ baseUrl: "", onSignedOut: (error) => error?.code });
  const admin = createAdminClient({ baseUrl: "", token: session.token });
  for await (const user of admin.eachUser()) return [user satisfies Api.AdminUserV1, isAdmin];
  return (await admin.me()) satisfies Api.AdminProfileV1;
}

export async function useCookie(session: CookieSession): Promise<unknown> {
  const user: Api.SessionUserV1 | undefined = await session.resume();
  createSession({ baseUrl: "", onChange: (changed) => changed?.name });
  return [user, createTeacherClient({ baseUrl: "", session })];
}
