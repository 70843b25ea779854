/** Services of the platform in plain words. */
import { t } from "@/lib/i18n";
import type { PlainKey } from "@/lib/i18n";

const NAMES: Readonly<Record<string, PlainKey>> = {
  bff_admin: "admin.service.bff_admin",
  bff_teacher: "admin.service.bff_teacher",
  bos: "admin.service.bos",
  cms: "admin.service.cms",
  config_service: "admin.service.config_service",
  content: "admin.service.content",
  entitlements: "admin.service.entitlements",
  files: "admin.service.files",
  gateway: "admin.service.gateway",
  identity: "admin.service.identity",
  identity_admin: "admin.service.identity_admin",
  ras: "admin.service.ras",
  websocket: "admin.service.websocket",
};

/** The plain name; a service of a later version has its own name only. */
export function serviceName(name: string): string {
  const key = NAMES[name];
  return key ? t(key) : name;
}
