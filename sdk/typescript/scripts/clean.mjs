// A file that was renamed must not stay in what is published.
import { rmSync } from "node:fs";

for (const folder of ["dist", "build"]) {
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
}
