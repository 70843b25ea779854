/** A server whose answers a test writes, one for each request in turn. */
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answer = (response: ServerResponse, asked: Asked) => void | Promise<void>;

export interface ScriptedServer {
  readonly baseUrl: string;
  readonly asked: Asked[];
}

/** The last answer is given again to whoever still asks. */
export async function serving(t: TestContext, ...answers: Answer[]): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (body) => {
      const { method = "", url = "", headers } = request;
      asked.push({ method, url, headers, body });
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      await answer?.(response, { method, url, headers, body });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const piece of request) body += String(piece);
  return body;
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
}

export function envelope(code: string, details: Record<string, unknown> = {}): unknown {
  const error = { code, message: `It is ${code}`, correlation_id: "c-1", service: "bff_teacher" };
  return { error: { ...error, timestamp: "2026-01-31T12:00:00.000000Z", details } };
}

/** A body that goes out in these very pieces; it stays open when the last one is `null`. */
export function pieces(...sent: (string | Uint8Array | null)[]): Answer {
  return async (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    for (const piece of sent) {
      if (piece === null) return;
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  };
}

export function event(name: string, data: unknown, id?: string): string {
  const line = typeof data === "string" ? data : JSON.stringify(data);
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${line}\n\n`;
}
