import assert from "node:assert/strict";
import { request as connect, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { type Caller, type Deps, Fault, nobody, silentLog, systemClock, systemRandom } from "../lib/index.ts";
import type { Endpoint } from "./endpoint.ts";
import { parseJsonBody } from "./parse.ts";
import { type Route, route } from "./route.ts";
import { buildServer, type Gate } from "./server.ts";

const issuer = new URL("http://localhost:4600");
const deps: Deps = { clock: systemClock, random: systemRandom, log: silentLog };
const SECRET = "a password that stood in the cause";

const echo = route<Deps>()({
  summary: "Says what it was sent.",
  body: z.strictObject({ said: z.string() }),
  answers: { 200: z.object({ said: z.string() }) },
  handle: async (_deps, _caller, { body }) => ({ status: 200, body }),
});

const form = route<Deps>()({
  summary: "Speaks OAuth.",
  encoding: "form",
  faults: "oauth",
  body: z.record(z.string(), z.string()),
  repeated: { target: "invalid-target" },
  answers: { 200: "nothing" },
  handle: async () => {
    throw new Fault("invalid-target", 'Not "here", ☂.');
  },
});

const broken = route<Deps>()({
  summary: "Fails.",
  answers: { 200: "never" },
  handle: async () => {
    throw new Error(SECRET);
  },
});

// biome-ignore lint/suspicious/noExplicitAny: rows hold routes of every shape
const row = (method: Endpoint<Deps>["method"], path: string, served: Route<Deps, any, any, any>) => ({
  method,
  path,
  route: served,
  who: ["anyone"] as const,
  rate: "write" as const,
  audit: `test${path}`,
});

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A server of a few endpoints behind a gate that is open unless a test closes it. */
async function served(context: TestContext, gate: Partial<Gate<Deps>> = {}) {
  const refusals: string[] = [];
  const table = [
    row("POST", "/echo", echo),
    row("POST", "/form", form),
    row("GET", "/broken", broken),
    { ...row("POST", "/many", { ...echo, weight: () => 60 }), rate: "sign-in" as const },
    { ...row("POST", "/large", echo), rate: "page" as const },
  ];
  const open: Gate<Deps> = {
    authenticate: async ({ source }): Promise<Caller> => nobody(source),
    admit: () => {},
    refused: async (_caller, endpoint, fault) => {
      refusals.push(`${endpoint?.audit ?? "unknown"} ${fault.code}`);
    },
    ...gate,
  };
  const server = buildServer(deps, table, open, { issuer });
  await server.listen({ host: "127.0.0.1", port: 0 });
  context.after(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  return { refusals, ask: (asked: Asked) => ask(port, asked) };
}

function ask(port: number, { method = "POST", path, headers = {}, body = "" }: Asked): Promise<Answered> {
  const options = { host: "127.0.0.1", port, method, path, headers: { host: issuer.host, ...headers } };
  return new Promise((resolve, reject) => {
    const sent = connect(options, async (response) => {
      const parts = await response.toArray();
      const text = Buffer.concat(parts).toString();
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    sent.once("error", reject).end(body);
  });
}

const json = { "content-type": "application/json" };
const urlencoded = { "content-type": "application/x-www-form-urlencoded" };
const said: Asked = { path: "/echo", headers: json, body: '{"said":"yes"}' };

test("nothing is served outside the table, and a wrong method is told the right one", async (context) => {
  const { ask, refusals } = await served(context);
  assert.equal((await ask({ method: "GET", path: "/metrics" })).status, 404);
  const wrong = await ask({ method: "GET", path: "/echo" });
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, "POST"]);
  assert.deepEqual(refusals, ["unknown not-found", "unknown method-not-allowed"]);
});

test("who asks for many things at once, or sends much, uses up as many requests", async (context) => {
  const { ask } = await served(context);
  const statuses = async (asked: Asked, times: number) => {
    const answers = [];
    for (let i = 0; i < times; i++) answers.push((await ask(asked)).status);
    return answers;
  };
  assert.deepEqual(await statuses({ ...said, path: "/many" }, 3), [200, 200, 429], "60 each of 120");
  const large = { ...said, path: "/large", body: `{"said":"${"x".repeat(200 * 1024)}"}` };
  const refused = (await statuses(large, 60)).filter((status) => status === 429).length;
  assert.ok(refused > 0, "13 each of 500");
});

test("a page elsewhere that rebinds its own name to this address gets nothing", async (context) => {
  const { ask } = await served(context);
  for (const host of ["evil.example", "localhost", "localhost:4601", "127.0.0.1:4600"]) {
    assert.equal((await ask({ ...said, headers: { ...json, host } })).status, 400, host);
  }
  assert.equal((await ask(said)).status, 200);
});

test("whoever is not admitted reaches no verb, and is recorded", async (context) => {
  const admit = (): never => {
    throw new Fault("forbidden", "This is for others.");
  };
  const { ask, refusals } = await served(context, { admit });
  assert.equal((await ask(said)).status, 403);
  assert.deepEqual(refusals, ["test/echo forbidden"]);
});

test("a refusal that cannot be recorded is answered as unavailable, and stays a refusal", async (context) => {
  const refused = async (): Promise<void> => {
    throw new Fault("unavailable", "The log cannot be written now.");
  };
  const { ask } = await served(context, { refused });
  assert.equal((await ask({ ...said, body: '{"said":1}' })).status, 503);
});

test("what this server fails at is told without its cause", async (context) => {
  const { ask } = await served(context);
  const answer = await ask({ method: "GET", path: "/broken" });
  assert.equal(answer.status, 500);
  assert.ok(!answer.text.includes(SECRET));
});

test("a body that two readers could read differently is refused", async (context) => {
  const { ask } = await served(context);
  const bodies = [
    '{"said":"yes","said":"no"}',
    '{"said":"yes","more":1}',
    '{"said":9007199254740993}',
    Buffer.from('{"said":"\xff"}', "latin1"),
    "",
  ];
  for (const body of bodies) assert.equal((await ask({ ...said, body })).status, 400, String(body));
  for (const named of ["__proto__", "\\u005f_proto__"])
    assert.throws(() => parseJsonBody(`{"args":[{"${named}":1}]}`), { code: "malformed" }, named);
  assert.equal((await ask({ ...said, headers: { "content-type": "text/plain" } })).status, 415);
});

test("a parameter of the token endpoint that stands twice is refused", async (context) => {
  const { ask, refusals } = await served(context);
  const twice = await ask({ path: "/form", headers: urlencoded, body: "a=1&b=2&a=1" });
  assert.deepEqual([twice.status, JSON.parse(twice.text).error], [400, "invalid_request"]);
  const targets = await ask({ path: "/form", headers: urlencoded, body: "target=1&target=2" });
  assert.deepEqual([targets.status, JSON.parse(targets.text).error], [400, "invalid_target"]);
  assert.deepEqual(refusals, ["test/form malformed", "test/form invalid-target"]);
});

test("a form that is no percent-encoded UTF-8 is refused, not read as something else", async (context) => {
  const { ask } = await served(context);
  const error = async (body: string): Promise<string> =>
    JSON.parse((await ask({ path: "/form", headers: urlencoded, body })).text).error;
  for (const body of ["a=%ff%fe", "%c0%af=1", "a=%ed%a0%80", "a=50%", "a=%zz"])
    assert.equal(await error(body), "invalid_request", body);
  assert.equal(await error("a=%E2%98%82+50%25"), "invalid_target", "the route's own answer");
});

test("an OAuth error has the code of its specification and a description in its characters", async (context) => {
  const { ask } = await served(context);
  const answer = await ask({ path: "/form", headers: urlencoded, body: "a=1" });
  assert.equal(answer.status, 400);
  assert.match(answer.headers["content-type"] ?? "", /^application\/json/);
  assert.deepEqual(JSON.parse(answer.text), { error: "invalid_target", error_description: "Not 'here', ?." });
});

test("other refusals are problems that say what to do next, and nothing is kept by the reader", async (context) => {
  const { ask } = await served(context);
  const answer = await ask({ method: "GET", path: "/nowhere" });
  assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/);
  assert.deepEqual(JSON.parse(answer.text), {
    type: "urn:countersign:problem:not-found",
    title: "There is no such thing",
    status: 404,
    detail: "Nothing is served at this address.",
    remedy: "See /openapi.json.",
  });
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
});
