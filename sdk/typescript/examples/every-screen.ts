/**
 * Reads every teacher and admin screen.
 *
 *     BFF_URL=http://127.0.0.1:8080 TEACHER_EMAIL=… ADMIN_EMAIL=… PASSWORD=… node every-screen.js
 */
import {
  createAdminClient,
  createAuthClient,
  createTeacherClient,
  incompleteParts,
} from "@huleedu/bff-client";
import type { AdminClient, HasParts, Session, TeacherClient } from "@huleedu/bff-client";

function requiredVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`set ${name}`);
  return value;
}

/** Prints one line for a screen, with its incomplete parts. */
function show(screen: string, summary: string, parts?: HasParts): void {
  const incomplete = parts ? incompleteParts(parts).map((part) => part.name) : [];
  const note = incomplete.length === 0 ? "" : ` (without ${incomplete.join(", ")})`;
  console.log(`${screen}: ${summary}${note}`);
}

async function teacherScreens(teacher: TeacherClient): Promise<void> {
  const me = await teacher.me();
  show("me", me.display_name ?? me.user_id, me);

  const dashboard = await teacher.dashboard({ limit: 50 });
  show("dashboard", `${dashboard.total_count} batches`, dashboard);

  const classes = await teacher.classes();
  show("classes", classes.classes.map((row) => row.name).join(", "), classes);

  const graded = dashboard.batches.find((batch) => batch.status === "completed_successfully");
  if (graded) await batchScreens(teacher, graded.batch_id);

  // Batches with undecided student matches have the status `processing`.
  for (const batch of dashboard.batches.filter((row) => row.status === "processing")) {
    const review = await teacher.associations(batch.batch_id);
    const open = review.associations.filter((row) => row.must_be_decided);
    if (open.length === 0) continue;
    const students = review.students?.length ?? "an unknown number of";
    show("associations", `${open.length} to decide, ${students} students`, review);
    break;
  }
}

async function batchScreens(teacher: TeacherClient, batchId: string): Promise<void> {
  const batch = await teacher.batch(batchId);
  show("batch", `${batch.title}, ${batch.essays.length} essays`, batch);

  const first = batch.essays[0];
  if (!first) return;
  const essay = await teacher.essay(batchId, first.essay_id);
  const rank = essay.rank === null ? "not ranked" : `rank ${essay.rank} of ${essay.ranked_essays}`;
  show("essay", `${essay.corrected_text?.length ?? 0} characters, ${rank}`, essay);
}

async function adminScreens(admin: AdminClient): Promise<void> {
  const pending = await admin.pendingUsers({ limit: 10 });
  show("pending users", pending.users.map((user) => user.email).join(", "));

  const users = await admin.users({ limit: 100 });
  show("users", `${users.users.length} accounts`);

  for (const { user_id } of users.users.slice(0, 1)) {
    const credits = await admin.credits(user_id);
    show("credits", `${credits.available ?? "unknown"} of ${credits.email ?? user_id}`, credits);
  }

  for (const { namespace } of (await admin.namespaces()).namespaces) {
    const settings = await admin.settings(namespace);
    show(`settings ${namespace}`, `version ${settings.value.version}, ETag ${settings.etag}`);
  }

  const audit = await admin.audit({ limit: 10 });
  show("audit", `${audit.entries.length} entries`, audit);

  const overview = await admin.overview();
  const healthy = overview.services?.filter((service) => service.status === "healthy") ?? [];
  show("overview", `${healthy.length} services healthy`, overview);
}

async function signIn(baseUrl: string, email: string): Promise<Session> {
  return createAuthClient({ baseUrl }).signIn({ email, password: requiredVariable("PASSWORD") });
}

const baseUrl = requiredVariable("BFF_URL");
const teacherSession = await signIn(baseUrl, requiredVariable("TEACHER_EMAIL"));
await teacherScreens(createTeacherClient({ baseUrl, token: teacherSession.token }));
const adminSession = await signIn(baseUrl, requiredVariable("ADMIN_EMAIL"));
await adminScreens(createAdminClient({ baseUrl, token: adminSession.token }));
await Promise.all([teacherSession.signOut(), adminSession.signOut()]);
