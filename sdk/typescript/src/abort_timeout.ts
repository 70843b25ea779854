/** An abort signal that fires with the caller's signal, or after a time. */

export class AbortTimeout {
  readonly #controller = new AbortController();
  readonly #callerSignal: AbortSignal | undefined;
  readonly #reason: Error;
  readonly #milliseconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(seconds: number, reason: Error, callerSignal: AbortSignal | undefined) {
    this.#milliseconds = seconds * 1000;
    this.#reason = reason;
    this.#callerSignal = callerSignal;
    callerSignal?.addEventListener("abort", this.#onCallerAbort);
    if (callerSignal?.aborted) this.#onCallerAbort();
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the full time again. */
  readonly restart = (): void => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(this.#reason), this.#milliseconds);
  };

  /** Releases the timer, the listener and an open response body. */
  close(): void {
    clearTimeout(this.#timer);
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
    this.#controller.abort();
  }

  readonly #onCallerAbort = (): void => this.#controller.abort(this.#callerSignal?.reason);
}
