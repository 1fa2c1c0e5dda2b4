import assert from "node:assert/strict";
import { once } from "node:events";
import { type Agent, request } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { after, before, test } from "node:test";
import { type ConnectionOptions, connect } from "node:tls";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { contextOf } from "./context.ts";
import { type MutualTls, type MutualTlsOptions, mutualTls } from "./mutual-tls.ts";
import { stateOf, type TestDomain, testDomain, testWorkload } from "./test-workload.ts";

const LEDGER = "spiffe://acme.example/service/ledger/one";
const PLANNER = "spiffe://acme.example/agent/planner/one";
let acme: TestDomain;
let other: TestDomain;
const open: { close(): unknown }[] = [];
before(async () => {
  [acme, other] = await Promise.all([testDomain("acme.example"), testDomain("other.example")]);
});
after(() => {
  for (const one of open.reverse()) one.close();
});

/** A process that may talk to whoever these are. */
async function party(
  id: string,
  { allow = [LEDGER, PLANNER], domains = [acme, other], forger = acme, revocations }: Party = {},
) {
  const [first = acme, ...more] = domains;
  const state = await stateOf(id, [first, ...more], { signedBy: forger === acme ? first : forger });
  const workload = testWorkload(state);
  const tls = await mutualTls(workload, {
    authorize: (peer) => allow.includes(peer),
    ...(revocations && { revocations }),
  });
  open.push(tls);
  return { workload, tls, state };
}

interface Party {
  readonly allow?: string[];
  readonly domains?: TestDomain[];
  readonly forger?: TestDomain;
  readonly revocations?: MutualTlsOptions["revocations"];
}

/** What has died, as a test tells it. */
function testFeed() {
  const [dead, listeners] = [new Set<string>(), new Set<(key: string) => void>()];
  const feed = {
    fresh: true,
    isDead: (keys: readonly string[]) => keys.some((key) => dead.has(key)),
    isFresh: () => feed.fresh,
    onDead(told: (key: string) => void) {
      listeners.add(told);
      return () => void listeners.delete(told);
    },
    kill(key: string) {
      dead.add(key);
      for (const told of listeners) told(key);
    },
  };
  return feed;
}

/** A connection of one to another, open, and when it ends. */
async function connected(tls: MutualTls, port: number): Promise<{ ended: Promise<unknown> }> {
  const socket = tls.connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined).resume();
  await once(socket, "secureConnect");
  return { ended: new Promise((ended) => socket.once("close", ended)) };
}

async function serve(tls: MutualTls) {
  const seen: string[] = [];
  const server = tls.httpsServer((asked, answer) => {
    seen.push(tls.peerOf(asked.socket));
    answer.end("welcome");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return { seen, server, port: portOf(server) };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function ask(port: number, options: { agent?: Agent } & ConnectionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, ...options }, async (answer) => {
      resolve(Buffer.concat(await answer.toArray()).toString());
    });
    asked.on("error", reject).end();
  });
}

test("two sides that know each other by SVID alone talk, and each knows who the other is", async () => {
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER)];
  const { port, seen } = await serve(ledger.tls);
  assert.equal(await ask(port, { agent: planner.tls.agent }), "welcome");
  assert.deepEqual(seen, [PLANNER]);
});

test("a client that is not authorized is let into nothing", async () => {
  const [ledger, stranger] = [await party(LEDGER), await party("spiffe://acme.example/agent/stranger/one")];
  const { port, seen } = await serve(ledger.tls);
  await assert.rejects(ask(port, { agent: stranger.tls.agent }));
  assert.deepEqual(seen, []);
});

test("a server that is not authorized hears nothing of the request", async () => {
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER, { allow: [PLANNER] })];
  const { port, seen } = await serve(ledger.tls);
  await assert.rejects(ask(port, { agent: planner.tls.agent }), /may not be at the other end/);
  assert.deepEqual(seen, []);
});

test("another domain's authority speaks for its own domain and for nobody of ours, on either side", async () => {
  const forged = { forger: other };
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER)];
  const falsePlanner = await party(PLANNER, forged);
  const { port, seen } = await serve(ledger.tls);
  await assert.rejects(ask(port, { agent: falsePlanner.tls.agent }));
  const falseLedger = await serve((await party(LEDGER, forged)).tls);
  await assert.rejects(ask(falseLedger.port, { agent: planner.tls.agent }), /no path leads to a root/);
  assert.deepEqual([seen, falseLedger.seen], [[], []]);
});

test("somebody of a federated domain is himself", async () => {
  const foreigner = "spiffe://other.example/agent/buyer/one";
  const ledger = await party(LEDGER, { allow: [foreigner] });
  const buyer = await party(foreigner, { domains: [other, acme] });
  const { port, seen } = await serve(ledger.tls);
  assert.equal(await ask(port, { agent: buyer.tls.agent }), "welcome");
  assert.deepEqual(seen, [foreigner]);
});

test("without a certificate nobody is let in, and a request cannot ask for less of its server", async () => {
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER, { allow: [] })];
  const { port, seen } = await serve(ledger.tls);
  await assert.rejects(ask(port, { rejectUnauthorized: false }));
  const less = { rejectUnauthorized: false, checkServerIdentity: () => undefined };
  await assert.rejects(ask(port, { agent: planner.tls.agent, ...less }));
  assert.deepEqual(seen, []);
});

test("an expired SVID is nobody's", async () => {
  const ledger = await party(LEDGER);
  const { port, seen } = await serve(ledger.tls);
  const old = await stateOf(PLANNER, [acme, other], { life: -5_000 });
  await assert.rejects(ask(port, { ...contextOf(old), rejectUnauthorized: false }));
  assert.deepEqual(seen, []);
});

test("a connection ends when the SVID that its client has shown expires", async () => {
  const [ledger, planner] = [await party(LEDGER), await stateOf(PLANNER, [acme], { life: 2_000 })];
  const server = ledger.tls.tlsServer((socket) => socket.on("error", () => undefined));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(server);
  const socket = connect({
    ...contextOf(planner),
    port: portOf(server),
    host: "127.0.0.1",
    rejectUnauthorized: false,
  });
  socket.on("error", () => undefined).resume();
  await once(socket, "secureConnect");
  const began = Date.now();
  await once(socket, "close");
  assert.ok(Date.now() - began < 2_500);
});

test("SVIDs are replaced under load on both sides, and no request fails", async () => {
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER)];
  const { port } = await serve(ledger.tls);
  let going = true;
  const asking = Array.from({ length: 8 }, async () => {
    let answers = 0;
    while (going) {
      assert.equal(await ask(port, { agent: planner.tls.agent }), "welcome");
      answers += 1;
    }
    return answers;
  });
  for (let i = 0; i < 12; i++) {
    planner.workload.set(await stateOf(PLANNER, [acme, other]));
    ledger.workload.set(await stateOf(LEDGER, [acme, other]));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  going = false;
  const answers = (await Promise.all(asking)).reduce((sum, one) => sum + one, 0);
  assert.ok(answers > 50, String(answers));
});

test("a new authority takes over from the old one without a failure, and the old one counts no more", async () => {
  const next = await testDomain("acme.example");
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER)];
  const { port } = await serve(ledger.tls);
  const old = await stateOf(PLANNER, [acme]);
  assert.equal(await ask(port, { agent: planner.tls.agent }), "welcome");
  planner.workload.set(await stateOf(PLANNER, [next]));
  ledger.workload.set(await stateOf(LEDGER, [next]));
  assert.equal(await ask(port, { agent: planner.tls.agent }), "welcome");
  await assert.rejects(ask(port, { ...contextOf(old), rejectUnauthorized: false }));
});

test("a side whose identity is taken away talks to nobody any more", async () => {
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER)];
  const { port } = await serve(ledger.tls);
  const socket = connect({ ...planner.tls.connectOptions(), port, host: "127.0.0.1" });
  socket.on("error", () => undefined).resume();
  await once(socket, "secureConnect");
  assert.equal(await ask(port, { agent: planner.tls.agent }), "welcome");
  ledger.workload.set(undefined);
  await once(socket, "close");
  await assert.rejects(ask(port, { agent: planner.tls.agent }));
  planner.workload.set(undefined);
  await assert.rejects(async () => ask(port, { agent: planner.tls.agent }), /no identity just now/);
});

test("a connection ends when what its other side has shown counts no more: a domain or a root that is withdrawn", async () => {
  const next = await testDomain("acme.example");
  const foreigner = "spiffe://other.example/agent/buyer/one";
  for (const [id, domains, left] of [
    [foreigner, [other, acme], [acme]],
    [PLANNER, [acme, other], [next, other]],
  ] as const) {
    const ledger = await party(LEDGER, { allow: [id] });
    const client = await party(id, { domains: [...domains] });
    const { port } = await serve(ledger.tls);
    const { ended } = await connected(client.tls, port);
    assert.equal(await ask(port, { agent: client.tls.agent }), "welcome");
    ledger.workload.set({ ...(await stateOf(LEDGER, [left[0], ...left.slice(1)])) });
    await ended;
    await assert.rejects(ask(port, { agent: client.tls.agent }));
  }
});

test("a client lets go of a server that counts no more", async () => {
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER)];
  const { port } = await serve(ledger.tls);
  const { ended } = await connected(planner.tls, port);
  planner.workload.set(await stateOf(PLANNER, [await testDomain("acme.example"), other]));
  await ended;
});

test("new SVIDs of one's own, and other domains' bundles, end no connection of whoever still counts", async () => {
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER)];
  const { port } = await serve(ledger.tls);
  let over = false;
  const { ended } = await connected(planner.tls, port);
  void ended.then(() => {
    over = true;
  });
  ledger.workload.set(await stateOf(LEDGER, [acme]));
  ledger.workload.set(await stateOf(LEDGER, [acme, other]));
  planner.workload.set(await stateOf(PLANNER, [acme, other]));
  assert.equal(await ask(port, { agent: planner.tls.agent }), "welcome");
  assert.equal(over, false);
});

test("with the revocation feed a running copy or a key that dies loses its connections, and is let in no more", async () => {
  for (const what of ["instance", "jkt"]) {
    const revocations = testFeed();
    const [ledger, planner] = [await party(LEDGER, { revocations }), await party(PLANNER)];
    const { port, seen } = await serve(ledger.tls);
    const { ended } = await connected(planner.tls, port);
    revocations.kill("instance:spiffe://acme.example/agent/planner/two");
    assert.equal(await ask(port, { agent: planner.tls.agent }), "welcome");
    const jkt = thumbprint(publicJwkOf(planner.state.svids[0].key));
    revocations.kill(what === "jkt" ? `jkt:${jkt}` : `instance:${PLANNER}`);
    await ended;
    await assert.rejects(ask(port, { agent: planner.tls.agent }));
    assert.deepEqual(seen, [PLANNER]);
  }
});

test("a client with the revocation feed lets go of a dead server, and asks it nothing", async () => {
  const revocations = testFeed();
  const [ledger, planner] = [await party(LEDGER), await party(PLANNER, { revocations })];
  const { port, seen } = await serve(ledger.tls);
  const { ended } = await connected(planner.tls, port);
  revocations.kill(`instance:${LEDGER}`);
  await ended;
  await assert.rejects(ask(port, { agent: planner.tls.agent }), /has been revoked/);
  assert.deepEqual(seen, []);
});

test("while the revocation feed is not heard nobody is let in, and nobody stays", async () => {
  const revocations = testFeed();
  const [ledger, planner] = [await party(LEDGER, { revocations }), await party(PLANNER)];
  const { port } = await serve(ledger.tls);
  const { ended } = await connected(planner.tls, port);
  revocations.fresh = false;
  await assert.rejects(ask(port, { agent: planner.tls.agent }));
  await ended;
});
