import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { Fault } from "../lib/index.ts";
import { problemOf, SAFE_HEADERS } from "./problem.ts";

/**
 * Answers bytes that never became a request (garbage, headers without end, a body that stops arriving) in the
 * same form as every other refusal, and closes the connection: where the next request would begin is unknown.
 */
export function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const words = wordsFor(error.code);
  const { body, headers } = refusalIn(words);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable)
    socket.write(`HTTP/1.1 ${words.status} ${STATUS_CODES[words.status]}\r\n${lines.join("")}\r\n${body}`);
  socket.destroySoon();
}

function wordsFor(code: string | undefined): Words {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return { status: 408, message: "The request took too long to arrive.", remedy: "Send it in one go." };
  if (code === "HPE_HEADER_OVERFLOW")
    return { status: 431, message: "The headers are too large.", remedy: "Send fewer or shorter ones." };
  return { status: 400, message: "These bytes are no HTTP/1.1 request.", remedy: "Send one whole request." };
}

/**
 * Refuses what Node would answer without a word: tunnels, and expectations that nobody here can meet
 * (RFC 9110 §10.1.1). `100-continue` it meets by itself.
 */
export function refuseUncommon(server: Server): void {
  server.on("connect", (_request, socket) => refuseBytes(new Error("no tunnels"), socket as Socket));
  server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
    const words = {
      status: 417,
      message: "This server cannot meet the Expect header.",
      remedy: "Leave it out.",
    };
    const { body, headers } = refusalIn(words);
    response.writeHead(words.status, headers).end(body);
  });
}

interface Words {
  readonly status: number;
  readonly message: string;
  readonly remedy: string;
}

function refusalIn({ status, message, remedy }: Words) {
  const problem = problemOf(new Fault("malformed", message, { remedy }));
  const body = JSON.stringify({ ...problem, status });
  const length = { "content-length": String(Buffer.byteLength(body)) };
  const headers = {
    ...SAFE_HEADERS,
    "content-type": "application/problem+json",
    connection: "close",
    ...length,
  };
  return { body, headers };
}

/** Headers that say one thing. Node keeps the first or joins them; which one a proxy in front took is unknown. */
const SAID_ONCE = ["authorization", "content-type", "dpop", "host", "origin"];
const BIT_OF: Readonly<Record<string, number>> = Object.assign(
  Object.create(null),
  Object.fromEntries(SAID_ONCE.map((name, place) => [name, 1 << place])),
);

/** @throws Fault `malformed` when a header that decides something is there twice */
export function refuseRepeatedHeaders(request: IncomingMessage): void {
  const { rawHeaders } = request;
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const bit = BIT_OF[(rawHeaders[i] as string).toLowerCase()] ?? 0;
    if ((seen & bit) !== 0) throw doubled((rawHeaders[i] as string).toLowerCase());
    seen |= bit;
  }
}

const doubled = (header: string): Fault =>
  new Fault("malformed", `The header ${header} is given twice.`, { remedy: "Give it once." });
