import type { FastifyReply } from "fastify";
import type { Code, Fault } from "../lib/index.ts";
import { oauthErrorOf, oauthStatusOf } from "./oauth-error.ts";
import { PAGE_HEADERS, pageErrorOf, pageStatusOf } from "./page-error.ts";
import { plainErrorOf, plainStatusOf } from "./plain-error.ts";
import { problemOf, SAFE_HEADERS, statusOf } from "./problem.ts";
import type { OurAddress } from "./raw-request.ts";
import type { Answer, Dialect, RawRequest } from "./route.ts";

/** Repeats these headers of the request, as they came. */
export function echo(
  reply: FastifyReply,
  names: readonly string[] | undefined,
  { headers }: Pick<RawRequest, "headers">,
): void {
  if (names === undefined) return;
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) reply.header(name, value);
  }
}

/** What every answer to a request carries, whoever gives it. */
export function addHeaders(reply: FastifyReply, headers: Readonly<Record<string, string>> | undefined): void {
  if (headers !== undefined) reply.headers(headers);
}

/** Sends what a route answered. */
export function send(reply: FastifyReply, answer: Answer): FastifyReply {
  const headers = answer.headers === undefined ? SAFE_HEADERS : { ...SAFE_HEADERS, ...answer.headers };
  if (answer.stream !== undefined) return startStream(reply, answer, headers);
  reply.code(answer.status).headers(headers);
  if (answer.body === undefined) return reply.send();
  if (answer.contentType !== undefined) return reply.type(answer.contentType).send(answer.body);
  return reply.type("application/json; charset=utf-8").send(JSON.stringify(answer.body));
}

function startStream(
  reply: FastifyReply,
  answer: Answer,
  headers: Readonly<Record<string, string>>,
): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(answer.status, {
    ...(reply.getHeaders() as Record<string, string>),
    ...headers,
    "content-type": answer.contentType ?? "text/event-stream",
  });
  reply.raw.flushHeaders();
  answer.stream?.({
    write: (text) => writeOrCut(reply, text),
    end: () => void reply.raw.end(),
    onClose: (callback) => void reply.raw.on("close", callback),
  });
  return reply;
}

/** A client that reads nothing must not fill our memory. It may come again and resume. */
function writeOrCut(reply: FastifyReply, text: string): void {
  reply.raw.write(text);
  if (reply.raw.writableLength > MOST_UNREAD_BYTES) reply.raw.destroy();
}

const MOST_UNREAD_BYTES = 1024 * 1024;

/** How each dialect tells a fault. */
const DIALECTS = {
  problem: { status: statusOf, body: problemOf, type: "application/problem+json" },
  oauth: { status: oauthStatusOf, body: oauthErrorOf, type: "application/json" },
  plain: { status: plainStatusOf, body: plainErrorOf, type: "application/json" },
  page: { status: pageStatusOf, body: pageErrorOf, type: "text/html; charset=utf-8" },
} as const;

/** Sends a refusal, or what this server failed at. */
export function sendFault(
  reply: FastifyReply,
  fault: Fault,
  dialect: Dialect,
  { origin }: Pick<OurAddress, "origin">,
): FastifyReply {
  const told = DIALECTS[dialect];
  const status = told.status(fault.code);
  reply.code(status).headers(SAFE_HEADERS);
  if (status === 401) reply.header("www-authenticate", challengeOf(fault.code, dialect, origin));
  if (status === 405) reply.header("allow", String(fault.members.allow ?? ""));
  if (status === 429 || status === 503) reply.header("retry-after", "1");
  if (dialect === "page") return reply.headers(PAGE_HEADERS).type(told.type).send(pageErrorOf(fault));
  return reply.type(told.type).send(JSON.stringify(told.body(fault)));
}

/** What RFC 6750 §3.1 and RFC 9449 §7.1 call it. */
const CHALLENGES: Partial<Record<Code, string>> = {
  "invalid-dpop-proof": 'error="invalid_dpop_proof", ',
  "use-dpop-nonce": 'error="use_dpop_nonce", ',
};

/** How to come in: by DPoP; and, but at the endpoints that hand tokens out, where to learn who does (RFC 9728 §5). */
function challengeOf(code: Code, dialect: Dialect, origin: string): string {
  const metadata =
    dialect === "oauth" ? "" : `, resource_metadata="${origin}/.well-known/oauth-protected-resource"`;
  return `DPoP ${CHALLENGES[code] ?? ""}algs="ES256 EdDSA"${metadata}`;
}
