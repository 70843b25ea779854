/** Reads and changes of the settings. */
import type { SettingsWriteOptions, VersionsQuery } from "@huleedu/bff-client";
import {
  AdminNamespacesV1,
  AdminSettingsChangeV1,
  AdminSettingsSchemaV1,
  AdminSettingsV1,
  AdminSettingsVersionsV1,
  AdminSettingsVersionV1,
} from "@huleedu/bff-client/schemas";
import type { z } from "zod";
import { getWithValidation } from "@/lib/api-client";
import { adminClient } from "@/services/admin";
import type { Values } from "@/utils/json-values";

export type Settings = z.infer<typeof AdminSettingsV1>;
export type SettingsChange = z.infer<typeof AdminSettingsChangeV1>;
export type NamespaceSummary = z.infer<typeof AdminNamespacesV1>["namespaces"][number];
export type VersionSummary = z.infer<typeof AdminSettingsVersionsV1>["versions"][number];
/** A change based on the version of `etag`; a dry run writes nothing. */
export type SettingsWrite = {
  readonly namespace: string;
  readonly etag: string;
  readonly reason: string;
  readonly isDryRun: boolean;
} & ({ readonly values: Values } | { readonly toVersion: number });

export function readNamespaces(signal: AbortSignal) {
  return getWithValidation(AdminNamespacesV1, adminClient.namespaces({ signal }));
}

export function readSettings(namespace: string, signal?: AbortSignal): Promise<Settings> {
  const call = adminClient.settings(namespace, undefined, { signal });
  return getWithValidation(
    AdminSettingsV1,
    call.then(({ value }) => value),
  );
}

/** The JSON Schema of a namespace. */
export function readSchema(namespace: string): Promise<Values> {
  const call = adminClient.settingsSchema(namespace);
  return getWithValidation(
    AdminSettingsSchemaV1,
    call.then(({ value }) => value),
  );
}

export function readVersions(namespace: string, query: VersionsQuery, signal: AbortSignal) {
  const call = adminClient.settingsVersions(namespace, query, { signal });
  return getWithValidation(AdminSettingsVersionsV1, call);
}

/** One version; 0 are the defaults of today. */
export function readVersion(namespace: string, version: number, signal: AbortSignal) {
  const call = adminClient.settingsVersion(namespace, version, { signal });
  return getWithValidation(AdminSettingsVersionV1, call);
}

/** Replaces the values, or goes back to an earlier version. */
export function writeSettings(write: SettingsWrite, idempotencyKey?: string) {
  const { namespace, reason, etag, isDryRun: dryRun } = write;
  const options: SettingsWriteOptions = { etag, dryRun, idempotencyKey };
  const call =
    "values" in write
      ? adminClient.saveSettings(namespace, { values: { ...write.values }, reason }, options)
      : adminClient.rollBackSettings(namespace, { to_version: write.toVersion, reason }, options);
  return getWithValidation(
    AdminSettingsChangeV1,
    call.then(({ value }) => value),
  );
}
