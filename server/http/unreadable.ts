import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Fault } from "../lib/index.ts";
import { problemOf, SAFE_HEADERS } from "./problem.ts";

const REASONS: Record<number, string> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Header Too Large",
};

/**
 * Answers bytes that never became a request (garbage, headers without end, a body that stops arriving) in the
 * same form as every other refusal, and closes the connection: where the next request would begin is unknown.
 */
export function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const { status, message, remedy } = wordsFor(error.code);
  const fault = new Fault("malformed", message, { remedy });
  const body = JSON.stringify({ ...problemOf(fault), status });
  const head = { ...SAFE_HEADERS, "content-type": "application/problem+json", connection: "close" };
  const lines = Object.entries({ ...head, "content-length": Buffer.byteLength(body) });
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${text}\r\n${body}`);
  socket.destroySoon();
}

function wordsFor(code: string | undefined): { status: number; message: string; remedy: string } {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return { status: 408, message: "The request took too long to arrive.", remedy: "Send it in one go." };
  if (code === "HPE_HEADER_OVERFLOW")
    return { status: 431, message: "The headers are too large.", remedy: "Send fewer or shorter ones." };
  return {
    status: 400,
    message: "This is not HTTP/1.1 as it is spoken here.",
    remedy: "Send one whole request.",
  };
}

/** Refuses expectations that nobody here can meet (RFC 9110 §10.1.1); Node itself meets `100-continue`. */
export function refuseExpectations(server: Server): void {
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const fault = new Fault("malformed", "This server cannot meet the Expect header.", {
      remedy: "Leave it out.",
    });
    const body = JSON.stringify({ ...problemOf(fault), status: 417 });
    response.writeHead(417, {
      ...SAFE_HEADERS,
      "content-type": "application/problem+json",
      connection: "close",
    });
    response.end(body);
  });
}

/** Headers that say one thing. Node keeps the first or joins them; which one a proxy in front took is unknown. */
const SAID_ONCE = ["authorization", "content-type", "dpop", "host", "origin"] as const;

/** @throws Fault `malformed` when a header that decides something is there twice */
export function refuseRepeatedHeaders(request: IncomingMessage): void {
  const doubled = SAID_ONCE.find((name) => (request.headersDistinct[name]?.length ?? 0) > 1);
  if (doubled === undefined) return;
  throw new Fault("malformed", `The header ${doubled} is given twice.`, { remedy: "Give it once." });
}
