import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { type Deps, Fault, nobody, silentLog, systemClock, systemRandom } from "../lib/index.ts";
import { route } from "./route.ts";
import { buildServer } from "./server.ts";

const deps: Deps = { clock: systemClock, random: systemRandom, log: silentLog };
const LIMIT = 512 * 1024;

/** A route that reads its body itself, answers at once where it can, and refuses in words alone. */
const shout = route<Deps>()({
  summary: "Says it louder.",
  faults: "plain",
  echoes: ["x-request-id"],
  bodyLimit: LIMIT,
  query: z.strictObject({ later: z.string().optional() }),
  body: z.string(),
  readBody: (text) => {
    if (!text.startsWith('"')) throw new Fault("malformed", "No text.", { remedy: "Send text." });
    return JSON.parse(text) as string;
  },
  answers: { 200: z.string() },
  handleNow: (_deps, _caller, { body, text, query: { later } }) => {
    if (body === "fail") throw new Fault("forbidden", "Not this.");
    const answer = { status: 200, contentType: "application/json", body: `${text}!` };
    return later === undefined ? answer : Promise.resolve(answer);
  },
  handle: async () => assert.fail("it is asked in place of this"),
});

async function served(context: TestContext) {
  const row = { who: ["anyone"], rate: "read", audit: "shout" } as const;
  const gate = { authenticate: () => nobody("127.0.0.1"), admit() {}, refused: async () => {} };
  const issuer = new URL("http://localhost");
  const server = buildServer(deps, [{ method: "POST", path: "/shout", route: shout, ...row }], gate, {
    issuer,
  });
  context.after(() => server.close());
  return async (body: string, more: { query?: string; headers?: Record<string, string> } = {}) => {
    const answer = await server.inject({
      method: "POST",
      url: `/shout${more.query ?? ""}`,
      payload: body,
      headers: { host: "localhost", "content-type": "application/json", ...more.headers },
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body };
  };
}

test("a route may read its body itself, and answer at once or later", async (context) => {
  const ask = await served(context);
  for (const query of ["", "?later=1"]) {
    const { status, text, headers } = await ask('"hey"', { query });
    assert.deepEqual([status, text], [200, '"hey"!']);
    assert.match(String(headers["content-type"]), /^application\/json/);
  }
});

test("it refuses with a message and nothing else, a bad request for whatever cannot be understood", async (context) => {
  const ask = await served(context);
  const refused: [string, Parameters<typeof ask>[1], number][] = [
    ["{}", {}, 400],
    ["", {}, 400],
    ['"hey"', { headers: { "content-type": "text/plain" } }, 400],
    ['"hey"', { query: "?unknown=1" }, 400],
    ['"fail"', {}, 403],
  ];
  for (const [body, more, expected] of refused) {
    const { status, text, headers } = await ask(body, more);
    assert.equal(status, expected, text);
    assert.equal(typeof JSON.parse(text), "string");
    assert.match(String(headers["content-type"]), /^application\/json/);
  }
  assert.equal(JSON.parse((await ask("{}")).text), "No text. Send text.");
});

test("the headers that it echoes come back as they came, with answers and with refusals, and no others", async (context) => {
  const ask = await served(context);
  const headers = { "x-request-id": "a-b-c", "x-other": "1" };
  for (const body of ['"hey"', "{}"]) {
    const answer = await ask(body, { headers });
    assert.equal(answer.headers["x-request-id"], headers["x-request-id"]);
    assert.equal(answer.headers["x-other"], undefined);
    assert.equal((await ask(body)).headers["x-request-id"], undefined);
  }
});

test("a route may take more than usual, and no more than that", async (context) => {
  const ask = await served(context);
  const of = (size: number): string => `"${"x".repeat(size - 2)}"`;
  assert.equal((await ask(of(LIMIT))).status, 200);
  assert.equal((await ask(of(LIMIT + 1))).status, 413);
});
