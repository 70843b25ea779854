/** A local HTTP server with scripted responses. */
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Responder = (
  response: ServerResponse,
  request: RecordedRequest,
) => void | Promise<void>;

export interface ScriptedServer {
  readonly baseUrl: string;
  readonly requests: RecordedRequest[];
}

/** Starts a server that uses one responder a request, in order, and repeats the last one. */
export async function startServer(
  t: TestContext,
  ...responders: Responder[]
): Promise<ScriptedServer> {
  const requests: RecordedRequest[] = [];
  const server = createServer((incoming, response) => {
    void readBody(incoming).then(async (body) => {
      const { method = "", url = "", headers } = incoming;
      const request = { method, url, headers, body };
      requests.push(request);
      const respond = responders[Math.min(requests.length, responders.length) - 1];
      await respond?.(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

export function json(
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Responder {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
}

export function envelope(code: string, details: Record<string, unknown> = {}): unknown {
  const error = { code, message: `It is ${code}`, correlation_id: "c-1", service: "bff_teacher" };
  return { error: { ...error, timestamp: "2026-01-31T12:00:00.000000Z", details } };
}

/** Sends an event stream in these chunks; a last `null` leaves it open. */
export function chunks(...sent: (string | Uint8Array | null)[]): Responder {
  return async (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    for (const chunk of sent) {
      if (chunk === null) return;
      response.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  };
}

export function event(name: string, data: unknown, id?: string): string {
  const line = typeof data === "string" ? data : JSON.stringify(data);
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${line}\n\n`;
}

/** An unsigned access token as Identity makes them; it expires at `exp`, in seconds since 1970. */
export function jwt(exp: number, claims: Record<string, unknown> = {}): string {
  const payload = { sub: "u-1", org: "skolan", roles: ["teacher"], exp, ...claims };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(payload)}.signature`;
}
