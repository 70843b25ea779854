/** Files before they are sent: what may be, in how many requests, and how each fares. */
import type { Api } from "@huleedu/bff-client";

/** Bytes of one file: a request of the platform's file service, less what surrounds the file. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024 - 4096;
export const MAX_FILES = 500;
export const FILE_TYPES = [".txt", ".docx", ".pdf"] as const;
/** Files of one request: few, so that each is told about soon. */
const FILES_PER_REQUEST = 4;

type SentStatus = Api.SentFileV1["status"];
export type FileState = "waiting" | "sending" | SentStatus;
export type LocalProblem = "wrong_type" | "too_large" | "empty" | "doubled";

/** A chosen file. */
export type Upload = {
  readonly id: number;
  readonly file: File;
  readonly state: FileState;
  /** Why it cannot be sent, found here. */
  readonly problem: LocalProblem | undefined;
  /** Why it was not taken, in the language of the page. */
  readonly message: string | null;
};

let lastId = 0;

/** Adds files to those that are chosen; a file of the same name and size is chosen once. */
export function addFiles(uploads: readonly Upload[], files: Iterable<File>): Upload[] {
  const all = [...uploads];
  for (const file of files) {
    const isDoubled = all.some((one) => one.file.name === file.name && one.file.size === file.size);
    if (isDoubled) continue;
    lastId += 1;
    all.push({ id: lastId, file, state: "waiting", problem: problemOf(file), message: null });
  }
  return markDoubled(all);
}

/** Two files of one name cannot be told apart on the platform: the later one is not sent. */
function markDoubled(uploads: readonly Upload[]): Upload[] {
  const names = new Set<string>();
  return uploads.map((one) => {
    const isDoubled = names.has(one.file.name);
    names.add(one.file.name);
    return isDoubled && !one.problem ? { ...one, problem: "doubled" } : one;
  });
}

export function removeUpload(uploads: readonly Upload[], id: number): Upload[] {
  const rest = uploads.filter((one) => one.id !== id);
  return markDoubled(rest.map((one) => ({ ...one, problem: problemOf(one.file) })));
}

export function problemOf({ name, size }: File): LocalProblem | undefined {
  if (!FILE_TYPES.some((type) => name.toLowerCase().endsWith(type))) return "wrong_type";
  if (size === 0) return "empty";
  return size > MAX_FILE_BYTES ? "too_large" : undefined;
}

/** Files that may be sent and are not: new ones, and those that the platform did not take. */
export function sendable(uploads: readonly Upload[]): Upload[] {
  return uploads.filter((one) => !one.problem && ["waiting", "not_sent"].includes(one.state));
}

export function groupsOf(uploads: readonly Upload[]): Upload[][] {
  const groups: Upload[][] = [];
  for (let start = 0; start < uploads.length; start += FILES_PER_REQUEST) {
    groups.push(uploads.slice(start, start + FILES_PER_REQUEST));
  }
  return groups;
}

export function totalBytes(uploads: readonly Upload[]): number {
  return uploads.reduce((sum, { file }) => sum + file.size, 0);
}
