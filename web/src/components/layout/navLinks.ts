/** The links of the sidebar and the drawer. */
import type { PlainKey } from "@/lib/i18n";
import type { Area } from "@/stores/navigation";

export type NavLink = {
  readonly to: string;
  readonly label: PlainKey;
  /** Shows how many notifications are unread. */
  readonly hasCount?: boolean;
};

export const NAV_LINKS: Readonly<Record<Area, readonly NavLink[]>> = {
  teacher: [
    { to: "/app/dashboard", label: "nav.overview" },
    { to: "/app/klasser", label: "nav.classes" },
    { to: "/app/arkiv", label: "nav.archive" },
    { to: "/app/aviseringar", label: "nav.notifications", hasCount: true },
  ],
  admin: [
    { to: "/admin/overview", label: "nav.overview" },
    { to: "/admin/accounts", label: "nav.accounts" },
    { to: "/admin/settings", label: "nav.settings" },
    { to: "/admin/audit", label: "nav.audit" },
  ],
};
