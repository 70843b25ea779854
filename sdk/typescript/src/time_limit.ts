/** A signal that follows the caller's, and is aborted by itself after a time. */

export class TimeLimit {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #late: () => void;
  readonly #milliseconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(seconds: number, reason: Error, caller: AbortSignal | undefined) {
    this.#milliseconds = seconds * 1000;
    this.#late = () => this.#controller.abort(reason);
    this.#caller = caller;
    caller?.addEventListener("abort", this.#follow);
    if (caller?.aborted) this.#follow();
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Count from now. */
  readonly restart = (): void => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#late, this.#milliseconds);
  };

  /** Leaves nothing behind: no timer, no listener, no open body. */
  close(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#follow);
    this.#controller.abort();
  }

  readonly #follow = (): void => this.#controller.abort(this.#caller?.reason);
}
