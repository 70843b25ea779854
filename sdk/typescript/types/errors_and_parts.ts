/** Names are typed: a misspelled code or part does not compile where the known ones are meant. */
import { BffError, failingParts, partOf } from "@huleedu/bff-client";
import type { ErrorCode, HasParts, KnownErrorCode, PartName } from "@huleedu/bff-client";

const code: ErrorCode = "CIRCUIT_BREAKER_OPEN";
const own: KnownErrorCode = "CLIENT_SIGNED_OUT";
const part: PartName = "class_names";
// @ts-expect-error There is no such code.
const wrongCode: ErrorCode = "CIRCUIT_BREAKER_CLOSED";
// @ts-expect-error The services send no code of the client.
const notSent: ErrorCode = "CLIENT_TIMEOUT";
// @ts-expect-error There is no such part.
const wrongPart: PartName = "class_nmes";

export function readable(error: BffError, screen: HasParts): string {
  if (error.is("TIMEOUT", "CLIENT_TIMEOUT")) return "late";
  // @ts-expect-error A misspelled code.
  if (error.is("TIMEOUTS")) return "never";
  // Codes of later versions can be compared.
  if (error.code === "A_LATER_CODE") return "later";
  const [failing] = failingParts(screen);
  return [code, own, part, wrongCode, notSent, wrongPart, failing?.name, partOf(screen, "text")].join();
}
