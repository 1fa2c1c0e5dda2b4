import assert from "node:assert/strict";
import type { Report } from "../report.ts";
import { type Address, jsonOf, send, type WireAnswer } from "../wire.ts";
import type { EnforcementPoint } from "./enforcement-point.ts";

const EVALUATION = "/access/v1/evaluation";
const EVALUATIONS = "/access/v1/evaluations";

const GOOD = {
  subject: { type: "user", id: "alice" },
  action: { name: "read" },
  resource: { type: "record", id: "record-1" },
};
const DENIED = { ...GOOD, action: { name: "delete", properties: { soft: false } } };

type Decision = { decision: boolean; context?: Record<string, unknown> };
type Many = { evaluations: Decision[]; decision?: boolean };

/** What the specification says of requests and answers, whatever is decided. */
export async function structure(report: Report, server: Address, point: EnforcementPoint): Promise<void> {
  await metadata(report, server);
  await tolerance(report, point);
  await badRequests(report, point);
  await callers(report, server);
  await batches(report, point);
  await report.case("obligations of the permit that decides are in the context", async () => {
    const action = { name: "delete", properties: { soft: true } };
    const { context } = await point.ask<Decision>(EVALUATION, { ...GOOD, action });
    assert.deepEqual(context?.obligations, [
      { id: "users-delete-softly/notify", type: "notify", properties: { value: "record-owners" } },
    ]);
  });
  await report.case("a denial says why", async () => {
    const { context } = await point.ask<Decision>(EVALUATION, DENIED);
    assert.equal(context?.reason, "no-permit");
  });
}

async function metadata(report: Report, server: Address): Promise<void> {
  await report.case("the metadata names this decision point and where it answers", async () => {
    const answer = await send(server, { method: "GET", path: "/.well-known/authzen-configuration" });
    assert.equal(answer.status, 200);
    const said = jsonOf<Record<string, string>>(answer);
    assert.equal(said.policy_decision_point, server.issuer);
    assert.equal(said.access_evaluation_endpoint, `${server.issuer}${EVALUATION}`);
    assert.equal(said.access_evaluations_endpoint, `${server.issuer}${EVALUATIONS}`);
    for (const kind of ["subject", "resource", "action"])
      assert.equal(said[`search_${kind}_endpoint`], `${server.issuer}/access/v1/search/${kind}`);
  });
}

async function tolerance(report: Report, point: EnforcementPoint): Promise<void> {
  const extended: readonly (readonly [string, unknown])[] = [
    [
      "a context that nobody asked for",
      { ...GOOD, context: { time: "2026-11-22T00:00:00Z", nested: { a: [1] } } },
    ],
    ["members that are not known", { ...GOOD, unknown: { a: 1 }, "": [], options: { x: 1 } }],
    [
      "members that are not known, in parts",
      {
        subject: { ...GOOD.subject, unknown: 1 },
        action: { ...GOOD.action, unknown: 1 },
        resource: { ...GOOD.resource, unknown: 1 },
      },
    ],
    ["properties that are not believed", { ...GOOD, subject: { ...GOOD.subject, properties: { age: 7 } } }],
    ["names of JavaScript's own", { ...GOOD, constructor: 1, toString: "x", context: { __proto__: null } }],
  ];
  for (const [name, body] of extended) {
    await report.case(`${name}: answered as without`, async () =>
      assert.equal((await point.ask<Decision>(EVALUATION, body)).decision, true),
    );
  }
  await report.case("the same question gets the same answer", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => point.ask<Decision>(EVALUATION, GOOD)));
    assert.deepEqual(
      answers.map(({ decision }) => decision),
      [true, true, true],
    );
  });
  await report.case("X-Request-ID comes back, with a refusal too, and only where it was sent", async () => {
    const headers = { "x-request-id": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716" };
    const answered = await point.raw(EVALUATION, JSON.stringify(GOOD), headers);
    const refused = await point.raw(EVALUATION, "{", headers);
    for (const { headers: said } of [answered, refused])
      assert.equal(said["x-request-id"], headers["x-request-id"]);
    assert.equal((await point.raw(EVALUATION, JSON.stringify(GOOD))).headers["x-request-id"], undefined);
  });
}

const without = (name: keyof typeof GOOD) =>
  Object.fromEntries(Object.entries(GOOD).filter(([member]) => member !== name));

async function badRequests(report: Report, point: EnforcementPoint): Promise<void> {
  const bad: readonly (readonly [string, string, Readonly<Record<string, string>>?])[] = [
    ...(["subject", "action", "resource"] as const).map(
      (name) => [`without ${name}`, JSON.stringify(without(name))] as const,
    ),
    ["without subject.type", JSON.stringify({ ...GOOD, subject: { id: "alice" } })],
    ["without subject.id", JSON.stringify({ ...GOOD, subject: { type: "user" } })],
    ["without action.name", JSON.stringify({ ...GOOD, action: {} })],
    ["without resource.type", JSON.stringify({ ...GOOD, resource: { id: "record-1" } })],
    ["without resource.id", JSON.stringify({ ...GOOD, resource: { type: "record" } })],
    ["with a subject that is text", JSON.stringify({ ...GOOD, subject: "alice" })],
    ["with an id that is a number", JSON.stringify({ ...GOOD, subject: { type: "user", id: 1 } })],
    ["with an action that is text", JSON.stringify({ ...GOOD, action: "read" })],
    ["with a context that is a list", JSON.stringify({ ...GOOD, context: [] })],
    [
      "with properties that are text",
      JSON.stringify({ ...GOOD, resource: { ...GOOD.resource, properties: "x" } }),
    ],
    ["that is no JSON", "{"],
    ["that is a list", "[]"],
    ["that is empty", ""],
    ["with a member twice", '{"subject":{"type":"user","id":"a","id":"b"}}'],
    ["of another content type", JSON.stringify(GOOD), { "content-type": "text/plain" }],
  ];
  for (const [name, body, headers] of bad) {
    await report.case(`a body ${name} is a bad request, and says so in words`, async () =>
      requirePlain(await point.raw(EVALUATION, body, headers), 400),
    );
  }
  const more: readonly (readonly [string, unknown])[] = [
    ["with an unknown semantic", { ...GOOD, evaluations: [{}], options: { evaluations_semantic: "any" } }],
    ["with evaluations that are no list", { ...GOOD, evaluations: {} }],
    ["with an evaluation that is no object", { ...GOOD, evaluations: [1] }],
    ["with a wrong subject for all", { ...GOOD, subject: 1, evaluations: [{ subject: GOOD.subject }] }],
    ["with too many evaluations", { ...GOOD, evaluations: Array.from({ length: 501 }, () => ({})) }],
  ];
  for (const [name, body] of more) {
    await report.case(`several questions ${name} are a bad request`, async () =>
      requirePlain(await point.raw(EVALUATIONS, JSON.stringify(body)), 400),
    );
  }
}

/** A refusal that is nothing but a message. */
export function requirePlain(answer: WireAnswer, status: number): void {
  assert.equal(answer.status, status, String(answer.body));
  assert.match(String(answer.headers["content-type"]), /^application\/json/);
  const message = jsonOf<unknown>(answer);
  assert(typeof message === "string" && message !== "");
}

async function callers(report: Report, server: Address): Promise<void> {
  await report.case("who is not known is told so, and how to be", async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(GOOD);
    const answer = await send(server, { method: "POST", path: EVALUATION, headers, body });
    requirePlain(answer, 401);
    assert.match(String(answer.headers["www-authenticate"]), /^DPoP/);
  });
}

async function batches(report: Report, point: EnforcementPoint): Promise<void> {
  const ask = (body: object) => point.ask<Many>(EVALUATIONS, body);
  const decisionsOf = ({ evaluations }: Many): boolean[] => evaluations.map(({ decision }) => decision);
  const [yes, no] = [{}, { action: DENIED.action }];
  await report.case("an item that names nothing inherits everything", async () =>
    assert.deepEqual(decisionsOf(await ask({ ...GOOD, evaluations: [{}, {}] })), [true, true]),
  );
  await report.case("an item's member replaces the request's whole: nothing is merged", async () => {
    const resource = { type: "record", id: "record-1", properties: { status: "archived" } };
    const write = { ...GOOD, action: { name: "write" }, resource };
    const item = { resource: { type: "record", id: "record-1" } };
    assert.deepEqual(decisionsOf(await ask({ ...write, evaluations: [{}, item] })), [false, true]);
  });
  for (const evaluations of [undefined, []]) {
    await report.case(
      `${JSON.stringify(evaluations) ?? "no"} evaluations: one answer, as to one question`,
      async () => {
        const answer = await ask({ ...GOOD, ...(evaluations && { evaluations }) });
        assert.equal(answer.decision, true);
        assert.equal(answer.evaluations, undefined);
      },
    );
  }
  const semantics: readonly (readonly [string | undefined, object[], boolean[]])[] = [
    [undefined, [yes, no, yes], [true, false, true]],
    ["execute_all", [no, yes, no], [false, true, false]],
    ["deny_on_first_deny", [yes, no, yes], [true, false]],
    ["deny_on_first_deny", [yes, yes], [true, true]],
    ["permit_on_first_permit", [no, yes, no], [false, true]],
    ["permit_on_first_permit", [no, no], [false, false]],
  ];
  for (const [semantic, evaluations, expected] of semantics) {
    await report.case(`${semantic ?? "no semantic"}: ${expected.join(", ")}`, async () => {
      const options = semantic === undefined ? {} : { options: { evaluations_semantic: semantic } };
      const answer = await ask({ ...GOOD, evaluations, ...options });
      assert.deepEqual(decisionsOf(answer), expected);
      assert.equal(answer.decision, undefined);
    });
  }
  await report.case("an item that lacks something is answered in its place: no, and why", async () => {
    const { resource: _, ...rest } = GOOD;
    const answer = await ask({
      ...rest,
      evaluations: [{ resource: GOOD.resource }, {}, { resource: { id: 1 } }],
    });
    assert.deepEqual(decisionsOf(answer), [true, false, false]);
    for (const { context } of answer.evaluations.slice(1))
      assert.equal((context?.error as { status: number }).status, 400);
  });
}
