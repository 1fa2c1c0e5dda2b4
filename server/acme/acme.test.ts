import assert from "node:assert/strict";
import { createSecretKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { forEachEngine } from "../audit/test-databases.ts";
import { days, hours, minutes, seconds } from "../lib/index.ts";
import { freePort, openScene, served } from "./fixture.ts";
import { prepareAcme } from "./prepare-acme.ts";
import { eabKey } from "./test-authority.ts";
import { digestByAlpn, textByHttp } from "./test-validation.ts";

const serialIn = (path: string): string => {
  const { chain } = JSON.parse(readFileSync(join(path, "certificate.json"), "utf8")) as { chain: string };
  return new X509Certificate(chain).serialNumber;
};

const REFUSED = { status: 429, body: { type: "urn:ietf:params:acme:error:malformed", detail: "no" } };

describe("a certificate by ACME", () => {
  it("is ordered, proven by TLS-ALPN-01, served; renewed without a restart; and a restart asks for nothing", async (context) => {
    const { authority, clock, path, serve, told } = await openScene(context);
    const server = await serve();
    assert.match(await server.served(), /ALERT|EPROTO/, "before there is one every handshake fails");
    await server.look();
    const first = serialIn(path);
    assert.equal(await server.served(), `${first} HTTP/1.1 200 OK`);
    assert.deepEqual(authority.asked, [
      "GET /directory",
      "HEAD /nonce",
      "POST /accounts",
      "POST /orders",
      "POST /authorizations",
      "POST /challenges",
      "POST /authorizations",
      "POST /orders",
      "POST /finalize",
      "POST /orders",
      "POST /certificates",
    ]);
    clock.advance(days(50));
    await server.look();
    authority.asked.length = 0;
    const restarted = await serve();
    await restarted.look();
    assert.equal(await restarted.served(), `${first} HTTP/1.1 200 OK`);
    assert.equal(authority.asked.join(), "");
    clock.advance(days(11));
    await restarted.look();
    const second = serialIn(path);
    assert.notEqual(second, first);
    assert.equal(await restarted.served(), `${second} HTTP/1.1 200 OK`);
    assert.ok(
      authority.asked.every((each) => each !== "POST /accounts"),
      "the account is kept",
    );
    await server.look();
    assert.equal(await server.served(), `${second} HTTP/1.1 200 OK`, "and one beside it serves it, too");
    assert.deepEqual(told, []);
  });

  it("is proven by HTTP-01 where a port is given for it, and nothing else is ever served there", async (context) => {
    const { authority, serve, path } = await openScene(context, { http: true });
    const server = await serve();
    const port = server.httpPort as number;
    const token = "t".repeat(43);
    authority.bends.token = token;
    await server.look();
    assert.equal(await server.served(), `${serialIn(path)} HTTP/1.1 200 OK`);
    assert.equal(await textByHttp(port, "countersign.test", token), "404", "once it is over, not even that");
  });

  it("answers over HTTP only the open token, only under its name", async (context) => {
    const { serve } = await openScene(context, { http: true });
    const { answer, httpPort = 0 } = await serve();
    const token = "A".repeat(43);
    const challenge = {
      type: "http-01",
      token,
      keyAuthorization: `${token}.key`,
      expires: Date.now(),
    } as const;
    answer.answer(challenge);
    const ask = (name: string, path: string, method?: string) => textByHttp(httpPort, name, path, method);
    assert.equal(await ask("countersign.test", token), `${token}.key`);
    assert.equal(await ask("CounterSign.test:80", token), `${token}.key`);
    const others: [name: string, path: string, method?: string][] = [
      ["other.test", token],
      ["countersign.test", "B".repeat(43)],
      ["countersign.test", `../acme-challenge/${token}`],
      ["countersign.test", `${token}/`],
      ["countersign.test", `${token}?a=b`],
      ["countersign.test", token, "POST"],
      ["countersign.test", "/"],
      ["countersign.test", "/here"],
      ["countersign.test", "/.well-known/acme-challenge/"],
      ["countersign.test", `/.well-known/acme-challenge//${token}`],
      ["countersign.test", `/.well-known/acme-challenge/%41${token.slice(1)}`],
    ];
    for (const [name, path, method] of others) assert.equal(await ask(name, path, method), "404", path);
  });

  it("shows the challenge to nobody who does not ask for its name and for that protocol alone; all others are served meanwhile", async (context) => {
    const { serve } = await openScene(context);
    const { answer, port, look, folder } = await serve();
    await look();
    const serial = serialIn(folder.path);
    const token = "A".repeat(43);
    const open = { type: "tls-alpn-01", token, keyAuthorization: `${token}.key` } as const;
    assert.match(await digestByAlpn(port, "countersign.test"), /ALPN|ALERT/, "none is open");
    answer.answer({ ...open, expires: Date.now() });
    assert.match(await digestByAlpn(port, "countersign.test"), /^[0-9a-f]{64}$/);
    assert.match(await digestByAlpn(port, "other.test"), /ALERT/);
    assert.match(await digestByAlpn(port, ""), /ALERT/);
    assert.equal(await served(port), `${serial} HTTP/1.1 200 OK`);
    const both = { ALPNProtocols: ["acme-tls/1", "http/1.1"] };
    assert.equal(await served(port, both), `${serial} HTTP/1.1 200 OK`);
    const validation = await served(port, { ALPNProtocols: ["acme-tls/1"] });
    assert.ok(!validation.includes(serial) && !validation.includes("HTTP"), "it is never served HTTP");
    answer.answer(undefined);
    assert.match(await digestByAlpn(port, "countersign.test"), /ALPN|ALERT/, "and none is open any more");
  });

  it("goes on with nonces that are refused, and with an authority that takes its time", async (context) => {
    const { authority, serve, waited, told } = await openScene(context);
    authority.bends.badNonces = 2;
    authority.bends.slow = 3;
    const server = await serve();
    await server.look();
    assert.match(await server.served(), /200 OK/);
    assert.deepEqual(waited, [1_000, 1_000, 1_000, 2_000, 2_000]);
    assert.deepEqual(told, []);
  });

  it("is given to an account that the authority knows from elsewhere, by its key; to nobody without", async (context) => {
    const { text, bytes } = eabKey();
    const eab = { kid: "kid-1", key: createSecretKey(bytes) };
    const scene = await openScene(context, { eab });
    const keyFile = join(scene.data, "eab");
    writeFileSync(keyFile, `${text}\n`, { mode: 0o600 });
    const without = await scene.serve();
    await without.look();
    assert.match(scene.told[0]?.why ?? "", /--acme-eab-kid/);
    const wrong = await scene.serve({
      ...scene.asking,
      eab: { ...eab, key: createSecretKey(Buffer.alloc(32)) },
    });
    await wrong.look();
    assert.match(scene.told[1]?.why ?? "", /externalAccountRequired/);
    const right = await scene.serve({ ...scene.asking, eab });
    await right.look();
    assert.match(await right.served(), /200 OK/);
    assert.ok(!JSON.stringify(scene.told).includes(text));
  });

  it("is kept in files that this user alone reads, and a folder that others could enter is refused", async (context) => {
    const { serve, path } = await openScene(context);
    await (await serve()).look();
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(path).sort(), ["account.json", "certificate.json"]);
    for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600);
    chmodSync(join(path, "certificate.json"), 0o640);
    await assert.rejects(serve(), { code: "unavailable" });
    chmodSync(join(path, "certificate.json"), 0o600);
    chmodSync(path, 0o750);
    await assert.rejects(serve(), { code: "unavailable" });
  });

  it("begins anew for another name, another authority, or what is damaged", async (context) => {
    const { authority, asking, serve, path } = await openScene(context);
    await (await serve()).look();
    const { key } = JSON.parse(readFileSync(join(path, "account.json"), "utf8")) as { key: string };
    const renamed = await serve({ ...asking, name: "other.test" });
    assert.equal(await renamed.served(), await renamed.served());
    await renamed.look();
    assert.equal(
      new X509Certificate(JSON.parse(readFileSync(join(path, "certificate.json"), "utf8")).chain)
        .subjectAltName,
      "DNS:other.test",
    );
    const elsewhere = { ...asking, directory: new URL(`${authority.directory}?another`) };
    authority.asked.length = 0;
    await (await serve(elsewhere)).look();
    assert.notEqual(JSON.parse(readFileSync(join(path, "account.json"), "utf8")).key, key);
    const first = serialIn(path);
    writeFileSync(join(path, "certificate.json"), "{ half", { mode: 0o600 });
    const mended = await serve();
    await mended.look();
    assert.notEqual(serialIn(path), first);
    assert.match(await mended.served(), /200 OK/);
  });

  it("is tried again after waits that grow, and no sooner, also after a restart where the authority said so", async (context) => {
    const { authority, clock, serve, told, path } = await openScene(context);
    let headers: Record<string, string> = {};
    authority.bends.answer = (asked, answer) => (asked === "/orders" ? { ...REFUSED, headers } : answer);
    const server = await serve();
    const attempts = () =>
      JSON.parse(readFileSync(join(path, "attempts.json"), "utf8")) as { failed: number; next: number };
    for (const [i, least] of [1, 4, 16, 64, 256, 720, 720].entries()) {
      await server.look();
      assert.equal(told.length, i + 1);
      const wait = attempts().next - clock.now();
      assert.ok(wait >= minutes(least) && wait <= minutes(least * 1.1), `${wait}`);
      clock.advance(wait - 1);
      await server.look();
      assert.equal(told.length, i + 1, "no sooner");
      clock.advance(1);
    }
    headers = { "retry-after": "259200" };
    await server.look();
    assert.ok(attempts().next - clock.now() >= days(3));
    const restarted = await serve();
    await restarted.look();
    assert.equal(told.length, 8, "a restart does not ask sooner than the authority said");
    authority.bends.answer = (_, answer) => answer;
    clock.advance(days(4));
    await restarted.look();
    assert.match(await restarted.served(), /200 OK/);
  });

  it("is tried at once by a restart, where our own wait alone is in the way", async (context) => {
    const { authority, clock, serve, told } = await openScene(context);
    let headers: Record<string, string> = {};
    authority.bends.answer = (asked, answer) => (asked === "/orders" ? { ...REFUSED, headers } : answer);
    await (await serve()).look();
    headers = { "retry-after": "5" };
    await (await serve()).look();
    await (await serve()).look();
    assert.equal(told.length, 2, "not within the five seconds that the authority asked for");
    authority.bends.answer = (_, answer) => answer;
    clock.advance(seconds(6));
    const restarted = await serve();
    await restarted.look();
    assert.match(await restarted.served(), /200 OK/, "though four minutes of our own are not over");
  });

  it("is renewed sooner where the authority says so, and no later whatever it says", async (context) => {
    const { authority, clock, serve, path } = await openScene(context);
    const server = await serve();
    await server.look();
    const first = serialIn(path);
    const hear = async (from: number): Promise<void> => {
      const time = (at: number) => new Date(at).toISOString();
      authority.bends.window = { start: time(from), end: time(from + minutes(1)) };
      clock.advance(hours(7));
      await server.look();
    };
    await hear(clock.now() + days(400));
    assert.ok(authority.asked.some((each) => each.startsWith("GET /renewal/")));
    const { renews } = JSON.parse(readFileSync(join(path, "certificate.json"), "utf8")) as { renews: number };
    assert.ok(renews - clock.now() < days(60));
    assert.equal(serialIn(path), first);
    await hear(clock.now() + days(2));
    assert.equal(serialIn(path), first);
    clock.advance(days(2));
    await server.look();
    const second = serialIn(path);
    assert.notEqual(second, first);
    await hear(clock.now() - days(1));
    assert.notEqual(serialIn(path), second, "at once");
  });

  it("stays where another server was given it while the authority was asked of the one before", async (context) => {
    const { authority, clock, serve, path } = await openScene(context);
    const server = await serve();
    await server.look();
    const file = join(path, "certificate.json");
    const held = JSON.parse(readFileSync(file, "utf8")) as { renews: number };
    clock.advance(days(61));
    const beside = await serve();
    await beside.look();
    const newer = readFileSync(file, "utf8");
    writeFileSync(file, JSON.stringify({ ...held, renews: clock.now() + days(9) }), { mode: 0o600 });
    const time = (at: number) => new Date(at).toISOString();
    authority.bends.window = { start: time(clock.now() + days(1)), end: time(clock.now() + days(2)) };
    authority.bends.answer = (asked, answer) => {
      if (asked.startsWith("/renewal/")) writeFileSync(file, newer, { mode: 0o600 });
      return answer;
    };
    clock.advance(hours(7));
    authority.asked.length = 0;
    await server.look();
    assert.ok(authority.asked.some((each) => each.startsWith("GET /renewal/")));
    assert.equal(readFileSync(file, "utf8"), newer);
  });

  it("is asked for by a new account where the authority has forgotten the old one", async (context) => {
    const { authority, clock, serve, path } = await openScene(context);
    const server = await serve();
    await server.look();
    const kept = JSON.parse(readFileSync(join(path, "account.json"), "utf8")) as { url: string };
    const gone = { ...kept, url: kept.url.replace(/[0-9]+$/, "7") };
    writeFileSync(join(path, "account.json"), JSON.stringify(gone), { mode: 0o600 });
    const first = serialIn(path);
    clock.advance(days(61));
    await server.look();
    assert.equal(await server.served(), `${first} HTTP/1.1 200 OK`, "meanwhile the old one is served");
    clock.advance(minutes(2));
    await server.look();
    assert.notEqual(serialIn(path), first);
    assert.equal(authority.asked.filter((each) => each === "POST /accounts").length, 2);
  });
});

describe("a server that stops", () => {
  it("opens no challenge any more, and tells of no trouble", async (context) => {
    const { authority, serve, stop, told } = await openScene(context);
    const server = await serve();
    authority.bends.answer = (asked, answer) => {
      if (asked.startsWith("/authorizations")) stop.abort();
      return answer;
    };
    const answer = context.mock.method(server.answer, "answer");
    await server.look();
    assert.ok(authority.asked.includes("POST /authorizations"));
    assert.deepEqual([answer.mock.callCount(), told.length], [0, 0]);
  });

  it("leaves no port open for HTTP-01 where it never came to serve", async (context) => {
    const { authority, deps, path } = await openScene(context);
    const place = { issuer: new URL("https://countersign.test"), folder: path, host: "127.0.0.1" };
    const settings = { agreed: true, directory: authority.directory, httpPort: await freePort() };
    const open = await prepareAcme(settings, place);
    (await open(deps)).close();
    (await open(deps)).close();
  });

  it("waits neither for an authority that says nothing, nor leaves anything running", async (context) => {
    const { deps, path, told } = await openScene(context);
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    context.after(() => silent.close());
    const came = once(silent, "connection");
    const directory = `https://localhost:${(silent.address() as AddressInfo).port}/directory`;
    const place = { issuer: new URL("https://countersign.test"), folder: path, host: "127.0.0.1" };
    const done: string[] = [];
    const lead = async () => ({ held: true, release: async () => void done.push("released") });
    const open = await prepareAcme({ agreed: true, directory }, place);
    const opened = await open({ ...deps, database: { ...deps.database, lead } });
    const stop = opened.follow(createTlsServer());
    await came;
    await stop();
    assert.deepEqual(done, ["released"]);
    assert.deepEqual(told, []);
  });
});

forEachEngine((engine) => {
  if (engine.name !== "postgres") return;
  it("is ordered by one of the servers that share a folder; each of them answers, and each is served by it", async (context) => {
    const { database, close } = await engine.open([]);
    context.after(close);
    const { authority, serve, path, ports, waiting } = await openScene(context, { database });
    const [one, other] = [await serve(), await serve()];
    assert.equal(ports.tls, other.port, "whoever looks comes to the other");
    waiting.hook = () => other.look();
    await Promise.all([one.look(), one.look()]);
    await other.look();
    for (const server of [one, other])
      assert.equal(await server.served(), `${serialIn(path)} HTTP/1.1 200 OK`);
    assert.equal(
      authority.asked.filter((each) => each === "POST /orders").length,
      3,
      "one order, asked for twice",
    );
  });
});
