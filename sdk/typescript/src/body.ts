/** Reads bodies, and stops at an abort by itself. */

/**
 * Yields the chunks of a body; rejects with the signal's reason. `fetch` of Node.js no longer hears
 * its signal once the garbage collector has run, so the reader is cancelled here.
 */
export async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) throw signal.reason;
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    // One who stops early leaves no connection open.
    cancel();
  }
}

/** The whole text of a response. */
export async function textOf(response: Response, signal: AbortSignal): Promise<string> {
  if (!response.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunksOf(response.body, signal)) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
