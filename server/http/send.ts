import type { FastifyReply } from "fastify";
import type { Fault } from "../lib/index.ts";
import { oauthErrorOf, oauthStatusOf } from "./oauth-error.ts";
import { plainErrorOf, plainStatusOf } from "./plain-error.ts";
import { problemOf, SAFE_HEADERS, statusOf } from "./problem.ts";
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
} as const;

/** Sends a refusal, or what this server failed at. */
export function sendFault(reply: FastifyReply, fault: Fault, dialect: Dialect): FastifyReply {
  const told = DIALECTS[dialect];
  const status = told.status(fault.code);
  reply.code(status).headers(SAFE_HEADERS);
  if (status === 401) reply.header("www-authenticate", 'DPoP algs="ES256 EdDSA"');
  if (status === 405) reply.header("allow", String(fault.members.allow ?? ""));
  if (status === 429 || status === 503) reply.header("retry-after", "1");
  return reply.type(told.type).send(JSON.stringify(told.body(fault)));
}
