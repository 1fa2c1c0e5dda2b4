/**
 * Every endpoint gets every malformation of JSON and HTTP that applies to it, from nobody and from an
 * administrator: always a 4xx that says what is wrong, never a failure, never a wait, nothing half-done.
 */
import assert from "node:assert/strict";
import type { Administrator } from "./administrator.ts";
import { onPlace } from "./durability.ts";
import { type GoodRequests, prepareGoodRequests } from "./good-requests.ts";
import { type MalformedBody, malformedJson } from "./malformed-json.ts";
import {
  MALFORMED_HEADERS,
  MALFORMED_PAGES,
  MALFORMED_QUERIES,
  MALFORMED_SEGMENTS,
  STRANGE_PAGES,
} from "./malformed-place.ts";
import { malformedForms, malformedManifests } from "./malformed-text.ts";
import { isStream, type Operation, operationsOf, pathOf } from "./operations.ts";
import { freshFolder, freshPostgres, type Place } from "./place.ts";
import { endless, rawGarbage } from "./raw-garbage.ts";
import { requireRefusal, requireRefusedBytes } from "./refusal.ts";
import { type Report, Skipped, type Suite } from "./report.ts";
import type { ServerProcess } from "./server-process.ts";
import { send, sendBytes, type WireAnswer, type WireRequest } from "./wire.ts";

/** Nobody, or somebody with a session. */
interface Sender {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Target {
  readonly server: ServerProcess;
  readonly administrator: Administrator;
  readonly good: GoodRequests;
}

interface Case {
  readonly name: string;
  readonly request: WireRequest;
  /** Reading on from anywhere is no harm, so a success will do as well. */
  readonly lenient?: boolean;
}

/** Operations that do nothing but answer: what is strange to them may be their very subject. */
const ONLY_ANSWERS = new Set(["policy.check", "manifest.plan", "authzen.evaluate-all"]);
const PLAIN_ERRORS = /^authzen\.(evaluate|search)/;
const OAUTH_ERRORS = new Set(["token.issue", "token.revoke", "token.introspect"]);
/** Where a person is told, in her browser. */
const PAGES = new Set(["authorization.read", "authorization.post"]);
const AT_ONCE = 8;

export const badInput: Suite = async (report) => {
  await onPlace(freshFolder(), (place, server, administrator) =>
    attack(report, place, server, administrator),
  );
  const postgres = await freshPostgres().catch((error: unknown) => {
    if (error instanceof Skipped) return report.note(`not on PostgreSQL: ${error.message}`);
    throw error;
  });
  if (postgres !== undefined)
    await onPlace(postgres, (place, server, administrator) => attack(report, place, server, administrator));
};

async function attack(
  report: Report,
  place: Place,
  server: ServerProcess,
  administrator: Administrator,
): Promise<void> {
  const engine = place.databaseUrl === undefined ? "sqlite" : "postgres";
  const operations = (await operationsOf(server)).filter((operation) => !isStream(operation));
  const target: Target = { server, administrator, good: await prepareGoodRequests(administrator) };
  const before = await stateOf(operations, administrator);
  const waiting = neverEnding(report, server, engine);
  await garbage(report, server, engine);
  for (const sender of sendersOf(administrator)) {
    for (const operation of operations) await mistreat(report, target, operation, sender, engine);
  }
  await waiting;
  await report.case(`${engine}: nothing was done, and nothing but refusals is in the log`, async () => {
    const after = await stateOf(operations, administrator);
    assert.deepEqual(after.lists, before.lists);
    const types = new Set(after.events.slice(before.events.length).map(({ event }) => event.type));
    for (const type of ["request.refused", "refusals.counted", "attestation.refused"]) types.delete(type);
    assert.deepEqual([...types], []);
  });
  await report.case(`${engine}: the server has nothing to report but refusals`, () =>
    assert.doesNotMatch(server.said(), /a request failed|Unhandled|TypeError|\n\s+at /),
  );
  for (const operation of operations.filter(({ id }) => target.good.accepted.includes(id)))
    await report.case(`${engine}: ${operation.id} as it should be is accepted`, () =>
      accept(target, operation),
    );
}

const sendersOf = ({ token }: Administrator): Sender[] => [
  { name: "nobody", headers: {} },
  { name: "an administrator", headers: { authorization: `Session ${token}` } },
];

interface Listed {
  event: { type: string };
}

/** Everything that lists show, and the log. */
async function stateOf(operations: readonly Operation[], administrator: Administrator) {
  const lists: Record<string, unknown[]> = {};
  for (const { isList, pathParameters, callers, path } of operations) {
    const readable = callers.some((caller) => caller === "person" || caller === "administrator");
    if (isList && readable && pathParameters.length === 0 && !path.startsWith("/audit"))
      lists[path] = await administrator.list(path);
  }
  return { lists, events: await administrator.list<Listed>("/audit/events") };
}

async function mistreat(
  report: Report,
  target: Target,
  operation: Operation,
  sender: Sender,
  engine: string,
): Promise<void> {
  const cases = casesOf(target, operation, sender);
  const worker = async (): Promise<void> => {
    for (let next = cases.pop(); next !== undefined; next = cases.pop()) {
      const { name, request, lenient } = next;
      await report.case(`${engine}: ${operation.id}, ${name}, from ${sender.name}`, async () =>
        judge(operation, await send(target.server, request), lenient === true),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function judge({ id }: Operation, answer: WireAnswer, lenient: boolean): void {
  if (lenient && answer.status < 300) return;
  requireRefusal(answer, dialectOf(id));
}

/** AuthZEN refuses in words alone. */
function dialectOf(id: string): "oauth" | "plain" | "page" | "problem" {
  if (PAGES.has(id)) return "page";
  return OAUTH_ERRORS.has(id) ? "oauth" : PLAIN_ERRORS.test(id) ? "plain" : "problem";
}

function casesOf({ good }: Target, operation: Operation, sender: Sender): Case[] {
  const { method, id } = operation;
  const path = pathOf(operation, (name) => good.parameter(operation, name));
  const reads = method === "GET" || ONLY_ANSWERS.has(id);
  const typed = operation.body === undefined ? {} : { "content-type": operation.body.contentType };
  const usual = operation.body === undefined ? undefined : textOf(good.body(operation));
  const request = (more: Partial<WireRequest>): WireRequest => ({
    method,
    path,
    ...(usual === undefined ? {} : { body: usual }),
    ...more,
    headers: { ...typed, ...sender.headers, ...more.headers },
    from: nextSource(),
  });
  return [
    ...malformedBodies(operation, good.body(operation)).map(({ name, body, headers = {} }) => ({
      name: `body: ${name}`,
      request: request({ body, headers }),
      lenient: ONLY_ANSWERS.has(id),
    })),
    ...operation.pathParameters.flatMap((parameter) =>
      MALFORMED_SEGMENTS.map(([name, segment]) => ({
        name: `path: ${parameter} is ${name}`,
        request: request({
          path: pathOf(operation, (each) => (each === parameter ? segment : good.parameter(operation, each))),
        }),
      })),
    ),
    ...[...MALFORMED_QUERIES, ...(operation.isList ? MALFORMED_PAGES : [])].map(([name, query]) => ({
      name: `query: ${name}`,
      request: request({ path: `${path}?${query}` }),
    })),
    ...(operation.isList ? STRANGE_PAGES : []).map(([name, query]) => ({
      name: `query: ${name}`,
      request: request({ path: `${path}?${query}` }),
      lenient: reads,
    })),
    ...MALFORMED_HEADERS.map(([name, headers]) => ({
      name: `headers: ${name}`,
      request: request({ headers }),
    })),
  ];
}

const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));

function malformedBodies({ body, method }: Operation, good: unknown): MalformedBody[] {
  if (body?.contentType === "application/json") return malformedJson(body.schema, good);
  if (body?.contentType === "application/x-www-form-urlencoded") return malformedForms();
  if (body?.contentType === "application/yaml") return malformedManifests();
  if (method === "GET") return [];
  return ["[]", '{"a":1}', "x", "\0"].map((text) => ({
    name: `${JSON.stringify(text)} where nothing goes`,
    body: text,
  }));
}

let sources = 0;
/** Rates are counted per source; each case comes from another one of this machine's many loopback addresses. */
function nextSource(): string {
  sources += 1;
  return `127.1.${Math.floor(sources / 50 / 250) % 250}.${(Math.floor(sources / 50) % 250) + 1}`;
}

async function garbage(report: Report, server: ServerProcess, engine: string): Promise<void> {
  for (const [name, bytes] of rawGarbage(new URL(server.issuer).host))
    await report.case(`${engine}: bytes: ${name}`, async () =>
      requireRefusedBytes(await sendBytes(server, bytes)),
    );
}

async function neverEnding(report: Report, server: ServerProcess, engine: string): Promise<void> {
  await Promise.all(
    endless(new URL(server.issuer).host).map(([name, bytes]) =>
      report.case(`${engine}: bytes: ${name}`, async () =>
        requireRefusedBytes(await sendBytes(server, bytes)),
      ),
    ),
  );
}

/** The control: with nothing wrong about it, the request that was mistreated succeeds. */
async function accept({ good, administrator }: Target, operation: Operation): Promise<void> {
  const path = pathOf(operation, (name) => good.parameter(operation, name));
  const { status, body } = await administrator.ask(operation.method, path, good.body(operation));
  assert(status < 300, `answered ${status} ${body}`);
}
