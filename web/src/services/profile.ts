/** The signed-in person's names, and what the platform says to everybody. */
import { AdminProfileV1, TeacherCreditsV1, TeacherProfileV1 } from "@huleedu/bff-client/schemas";
import { getWithValidation, teacherClient } from "@/lib/api-client";
import type { Area } from "@/stores/navigation";
import type { Profile } from "@/stores/profile";

export async function readProfile(area: Area): Promise<Profile> {
  const { maintenance, ...me } = area === "teacher" ? await readTeacher() : await readAdmin();
  return {
    displayName: me.display_name,
    firstName: me.first_name,
    lastName: me.last_name,
    maintenance,
  };
}

/** Credits that the teacher has left; null while the platform does not tell. */
export async function readCredits(): Promise<number | null> {
  const { credits } = await getWithValidation(TeacherCreditsV1, teacherClient.credits());
  return credits?.available ?? null;
}

function readTeacher() {
  return getWithValidation(TeacherProfileV1, teacherClient.me());
}

async function readAdmin() {
  const { adminClient } = await import("@/services/admin");
  const me = await getWithValidation(AdminProfileV1, adminClient.me());
  // Admins see the platform's state on their overview, and may change settings meanwhile.
  return { ...me, maintenance: null };
}
