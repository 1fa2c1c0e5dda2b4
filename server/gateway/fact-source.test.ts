import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { Json } from "@countersign/proof/jcs";
import { verifyCompact } from "@countersign/proof/jws";
import { seededRandom, testClock } from "../audit/test-databases.ts";
import { type FactDeclaration, type Server, toolOf } from "../catalog/index.ts";
import { type KeyRing, openKeyRing } from "../keys/index.ts";
import { type Log, silentLog } from "../lib/index.ts";
import { factSource } from "./fact-source.ts";

const ISSUER = "http://localhost:4600";
const folder = mkdtempSync(join(tmpdir(), "facts-"));
const clock = testClock();
const random = seededRandom();
let keys: KeyRing;
let http: HttpServer;
let origin: string;

/** What the source is asked, and what it answers with. */
let asked: IncomingMessage[] = [];
let answer: (url: string) => Json | undefined | Promise<Json | undefined>;

before(async () => {
  keys = await openKeyRing({ clock, random, log: silentLog }, folder);
  http = createServer(async (request, response) => {
    asked.push(request);
    const body = await answer(request.url ?? "");
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? null));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  origin = `http://localhost:${(http.address() as AddressInfo).port}`;
});
after(() => {
  http.closeAllConnections();
  http.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  answer = () => ({ owed: 12.5, payee: { name: "ada" }, tags: ["a"], lines: 2, paid: false });
});

const warned: string[] = [];
const log: Log = { ...silentLog, warn: (fields) => void warned.push(JSON.stringify(fields)) };
const source = (local = true) =>
  factSource({ clock, random, log, keys, issuer: ISSUER, outbound: { local } });

const fact = (name: string, type: FactDeclaration["type"], pointer: string, more = {}): FactDeclaration => ({
  name,
  type,
  url: `${origin}/invoices/{invoice}`,
  pointer,
  ...more,
});
const everyFact = () => [
  fact("owed", "number", "/owed"),
  fact("payee", "string", "/payee/name"),
  fact("tags", "string[]", "/tags"),
  fact("lines", "integer", "/lines"),
  fact("paid", "boolean", "/paid"),
];

function about(facts: FactDeclaration[], agentArgs: Record<string, Json> = { invoice: "R-7" }) {
  const server: Server = { id: "finance", resource: "https://finance.example.com/" };
  const tool = toolOf({
    ...{ server: "finance", name: "pay", description: "", labels: ["write"], facts },
    inputSchema: { type: "object", properties: { invoice: { type: "string" } } },
  });
  return { server, tool, facts, agentArgs };
}

test("facts are asked for once for each URL, and read by their pointers", async () => {
  const values = await source().of(about(everyFact()));
  assert.deepEqual(values, { owed: 12.5, payee: "ada", tags: ["a"], lines: 2, paid: false });
  assert.deepEqual(
    asked.map(({ url }) => url),
    ["/invoices/R-7"],
  );
});

test("the server proves itself with a token for this request alone, that passes for no access token", async () => {
  await source().of(about(everyFact()));
  const [request] = asked;
  const [scheme, token = ""] = request?.headers.authorization?.split(" ") ?? [];
  assert.equal(scheme, "Bearer");
  const { header, payload } = verifyCompact(token, {
    typ: "fact-request+jwt",
    algs: ["ES256"],
    resolve: ({ kid = "" }) => keys.verifier("token", kid),
  });
  assert.ok(keys.publicJwks().keys.some(({ kid }) => kid === header.kid));
  const { jti, ...claims } = payload as Record<string, Json>;
  const iat = clock.now() / 1000;
  const htu = `${origin}/invoices/R-7`;
  const bound = { iss: ISSUER, sub: ISSUER, aud: origin, htm: "GET", htu, iat, exp: iat + 60 };
  assert.deepEqual(claims, bound);
  assert.match(String(jti), /^jti_/);
  assert.throws(() =>
    verifyCompact(token, {
      typ: "at+jwt",
      algs: ["ES256"],
      resolve: ({ kid = "" }) => keys.verifier("token", kid),
    }),
  );
});

test("an answer stands for as long as the catalog says, and no longer", async () => {
  const facts = source();
  const ask = (cache_seconds?: number) =>
    facts.of(about([fact("owed", "number", "/owed", cache_seconds === undefined ? {} : { cache_seconds })]));
  await ask();
  answer = () => ({ owed: 99 });
  clock.advance(29_999);
  assert.deepEqual(await ask(), { owed: 12.5 });
  clock.advance(1);
  assert.deepEqual(await ask(), { owed: 99 });
  answer = () => ({ owed: 100 });
  assert.deepEqual(await ask(0), { owed: 100 });
  clock.advance(-60_000);
  answer = () => ({ owed: 101 });
  assert.deepEqual(await ask(), { owed: 101 }, "what was found in the future does not stand");
});

test("who asks for the same at once shares one request; a fact that must be fresh does not share", async () => {
  const facts = source();
  await Promise.all(Array.from({ length: 20 }, () => facts.of(about(everyFact()))));
  assert.equal(asked.length, 1);
  asked = [];
  const fresh = about([fact("owed", "number", "/owed", { cache_seconds: 0 })]);
  await Promise.all(Array.from({ length: 3 }, () => facts.of(fresh)));
  assert.equal(asked.length, 3);
});

test("what is not there, not of its type, or not to be had is absent, and the next call asks again", async () => {
  const facts = source();
  answer = () => ({ owed: "12.5", payee: { name: 1 }, tags: ["a", 1], lines: 1.5, paid: null });
  assert.deepEqual(await facts.of(about(everyFact())), {});
  answer = () => undefined;
  const other = about(everyFact(), { invoice: "R-8" });
  assert.deepEqual(await facts.of(other), {});
  answer = () => ({ owed: 1 });
  assert.deepEqual(await facts.of(other), { owed: 1 });
  assert.ok(!warned.join().includes("R-8"), "the log does not tell what was asked about");
});

test("an agent's argument leads to no other host, path or address", async () => {
  const facts = source();
  for (const invoice of ["..", "a/b", "../../admin", "", "%2e%2e", "\ud800"])
    assert.deepEqual(await facts.of(about(everyFact(), { invoice })), {}, invoice);
  assert.deepEqual(await facts.of(about(everyFact(), {})), {});
  assert.deepEqual(asked, []);
  await facts.of(about(everyFact(), { invoice: "@evil.example:80?x=#y" }));
  assert.deepEqual(
    asked.map(({ url }) => url),
    ["/invoices/%40evil.example%3A80%3Fx%3D%23y"],
  );
});

test("a server that others can reach asks nobody over plain http", async () => {
  assert.deepEqual(await source(false).of(about(everyFact())), {});
  assert.deepEqual(asked, []);
});

test("an agent that names many things at once does not flood whoever is asked", async () => {
  const facts = source();
  let most = 0;
  let open = 0;
  answer = async () => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 20));
    open--;
    return { owed: 1 };
  };
  const one = [fact("owed", "number", "/owed")];
  const all = Array.from({ length: 100 }, (_, n) => facts.of(about(one, { invoice: `many-${n}` })));
  const had = (await Promise.all(all)).filter((values) => "owed" in values);
  assert.ok(most <= 32, `${most} at once`);
  assert.equal(had.length, 32);
  assert.deepEqual(await facts.of(about(one, { invoice: "later" })), { owed: 1 });
});
