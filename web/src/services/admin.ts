/** The client of the admin screens; only their chunks import it. */
import { createAdminClient } from "@huleedu/bff-client";
import { session } from "@/services/session";

export const adminClient = createAdminClient(session.clientOptions);
