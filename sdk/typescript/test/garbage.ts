/** The garbage collector, run again and again while a test waits. */
import type { TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Runs it until the test has ended. */
export function collectGarbage(t: TestContext): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const timer = setInterval(collect, 20);
  t.after(() => clearInterval(timer));
}
