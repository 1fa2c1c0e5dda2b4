import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createDpopProof } from "@countersign/proof/dpop";
import { openTerminal, type Terminal } from "./fixture.ts";

type Upstream = typeof import("@countersign/host/upstream");
type Evidence = typeof import("@countersign/host/evidence");
type Credential = Awaited<ReturnType<Upstream["join"]>>;

let terminal: Terminal;
let host: Upstream;
let evidence: Evidence;
let origin: string;
before(async () => {
  terminal = await openTerminal();
  origin = terminal.server.issuer;
  host = await import("@countersign/host/upstream");
  evidence = await import("@countersign/host/evidence");
  await terminal.says(/./, "login", terminal.code);
});
after(() => terminal.close());

const tokenFor = async (name: string): Promise<string> =>
  (await terminal.says(/^cs_join_/, "join-token", "host", name)).trim();

async function joined(name: string) {
  const transport = host.openTransport({ origin });
  const credential = await host.join(transport, evidence.byJoinToken(await tokenFor(name)));
  return { transport, credential };
}

/** A request as a machine signs it, and its status. */
async function asks(
  { host: id, key }: Credential,
  path: string,
  { url = `${origin}${path}`, dpop = "" } = {},
): Promise<{ status: number; dpop: string }> {
  const proof =
    dpop === "" ? createDpopProof({ key, method: "GET", url, now: Date.now(), jti: randomUUID() }) : dpop;
  const answer = await fetch(`${origin}${path}`, { headers: { authorization: `Host ${id}`, dpop: proof } });
  await answer.body?.cancel();
  return { status: answer.status, dpop: proof };
}

test("a machine joins by its token once, proves itself with each request, and nobody else does for it", async () => {
  const { transport, credential } = await joined("web-1");
  const other = await joined("web-2");
  assert.match(credential.host, /\/host\/web-1$/);
  const first = await asks(credential, "/hosts/self/entries");
  assert.equal(first.status, 200);
  assert.equal((await asks(credential, "/hosts/self/entries", first)).status, 401, "the same proof again");
  assert.equal(
    (await asks(credential, "/hosts/self/entries", { url: `${origin}/hosts/self/bundles` })).status,
    401,
  );
  const stolen = { ...credential, key: other.credential.key };
  assert.equal((await asks(stolen, "/hosts/self/entries")).status, 401, "another machine's key");
  assert.equal((await asks(credential, "/hosts")).status, 403, "a machine is no administrator");
  const bare = await fetch(`${origin}/hosts/self/entries`, {
    headers: { authorization: `Host ${credential.host}` },
  });
  assert.equal(bare.status, 401, "its name alone");
  const token = await tokenFor("web-3");
  await host.join(transport, evidence.byJoinToken(token));
  await assert.rejects(host.join(transport, evidence.byJoinToken(token)), {
    name: "UpstreamRefused",
    status: 401,
  });
  transport.close();
  other.transport.close();
});

test("a machine that restarts goes on with the key that it kept, which nobody else may read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-host-"));
  const { transport, credential } = await joined("kept-1");
  host.keepCredential(folder, credential);
  const file = join(folder, "host-key.json");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const recalled = host.recallCredential(folder, Date.now());
  assert.ok(recalled);
  await host.knows(transport, recalled);
  assert.equal(host.recallCredential(folder, credential.expires), undefined, "its time is over");
  chmodSync(file, 0o640);
  assert.throws(() => host.recallCredential(folder, Date.now()), /read by others/);
  host.forgetCredential(folder);
  assert.equal(host.recallCredential(folder, Date.now()), undefined);
  transport.close();
  rmSync(folder, { recursive: true });
});

test("a machine changes its key before its time is over; the one before is dead", async () => {
  const { transport, credential } = await joined("renewing-1");
  let renewed: Credential | undefined;
  const events = {
    renewed: (by: Credential) => {
      renewed = by;
    },
  };
  const upstream = new host.HttpUpstream(transport, { ...credential, expires: Date.now() }, { events });
  await upstream.entries();
  assert.ok(renewed && renewed.expires >= credential.expires);
  assert.equal((await asks(credential, "/hosts/self/entries")).status, 401);
  assert.equal((await asks(renewed, "/hosts/self/entries")).status, 200);
  upstream.close();
});

test("a machine that an administrator ends is told so: it has no entries, attests nobody, and a banned one stays out", async () => {
  const { transport, credential } = await joined("ended-1");
  const reasons: string[] = [];
  const upstream = new host.HttpUpstream(transport, credential, {
    events: { ended: ({ code }) => void reasons.push(code) },
  });
  await terminal.says(/ended-1/, "hosts");
  const changed = Promise.withResolvers<void>();
  const stop = upstream.onChange(() => changed.resolve());
  await changed.promise;
  stop();
  await terminal.says(/ended-1 is ended/, "hosts", "end", "ended-1");
  assert.deepEqual(await upstream.entries(), { revision: "ended", entries: [] });
  assert.deepEqual(reasons, ["host-ended"]);
  const notRenewed: string[] = [];
  const late = { ...credential, expires: Date.now() };
  const due = new host.HttpUpstream(transport, late, {
    events: { notRenewed: ({ code }) => void notRenewed.push(code) },
  });
  assert.equal((await due.entries()).revision, "ended", "a key that is not renewed stops nobody from asking");
  assert.deepEqual(notRenewed, ["host-ended"]);
  await terminal.refuses(1, /ended already/, "hosts", "end", "ended-1");
  await terminal.says(/ended-1 is banned/, "hosts", "end", "ended-1", "--ban");
  await assert.rejects(joined("ended-1"), { name: "UpstreamRefused", status: 403 });
  upstream.close();
});

test("an away control plane is away, not a refusal; whoever answers in its place is not asked over plain HTTP", async () => {
  const { transport, credential } = await joined("away-1");
  transport.close();
  const nowhere = new host.HttpUpstream(host.openTransport({ origin: "http://localhost:9" }), credential, {
    random: () => 0,
  });
  await assert.rejects(nowhere.entries(), { name: "UpstreamAway" });
  await assert.rejects(nowhere.attest([]), { name: "UpstreamAway" });
  nowhere.close();
  assert.throws(() => host.openTransport({ origin: "http://countersign.example.com" }), /over https/);
});

test("the command line says what a machine has to show", async () => {
  await terminal.refuses(2, /Say how this machine joins/, "host");
  await terminal.refuses(2, /Say how this machine joins/, "host", "--aws", "--gcp");
  await terminal.refuses(
    1,
    /join token does not work/,
    "host",
    "--join-token",
    "cs_join_guess",
    "--server",
    origin,
  );
  await terminal.refuses(1, /cannot join/, "host", "--join-token", "x", "--server", "http://localhost:9");
  assert.ok(!terminal.server.output().includes("cs_join_"), "no secret in the log");
});

/** A way to the control plane on which the answer to the next key gets lost: what was asked has happened. */
function losingTheKey(lost: () => void) {
  const real = host.openTransport({ origin });
  let times = 0;
  return {
    ...real,
    async ask(ask: Parameters<typeof real.ask>[0]) {
      const answer = await real.ask(ask);
      if (ask.path !== "/hosts/self/key" || ++times > 1) return answer;
      lost();
      throw new host.UpstreamAway("the answer is lost");
    },
  };
}

test("a machine whose answer to its next key was lost goes on by that key, and also when it stopped just then", async () => {
  for (const stops of [false, true]) {
    const folder = mkdtempSync(join(tmpdir(), "countersign-host-"));
    const { transport, credential } = await joined(`lost-${stops}`);
    transport.close();
    const keep = (by: Credential): void => host.keepCredential(folder, by);
    const due = { ...credential, expires: Date.now() };
    const way = losingTheKey(() => void (stops && upstream.close()));
    const events = { renewing: keep, renewed: keep };
    const upstream = new host.HttpUpstream(way, due, { events, random: () => 0 });
    if (stops) await assert.rejects(upstream.entries());
    else assert.deepEqual((await upstream.entries()).entries, []);
    assert.equal((await asks(credential, "/hosts/self/entries")).status, 401, "its first key is dead");
    assert.equal(statSync(join(folder, "host-key.json")).mode & 0o777, 0o600);
    const recalled = host.recallCredential(folder, stops ? Date.now() + 1_000 : 0);
    assert.ok(recalled);
    assert.equal(recalled.pending !== undefined, stops);
    const again = host.openTransport({ origin });
    const known = await host.knows(again, recalled);
    assert.equal((await asks(known, "/hosts/self/entries")).status, 200);
    again.close();
    upstream.close();
    rmSync(folder, { recursive: true });
  }
});

test("a machine that goes on by a kept key says once that it holds nobody's keys, before it asks for anything", async () => {
  const { transport, credential } = await joined("anew-1");
  const asked: string[] = [];
  const way = {
    ...transport,
    ask(ask: Parameters<typeof transport.ask>[0]) {
      asked.push(`${ask.path} ${JSON.stringify(ask.body ?? {})}`);
      return transport.ask(ask);
    },
  };
  const upstream = new host.HttpUpstream(way, credential, { anew: true });
  await Promise.all([upstream.entries(), upstream.attest([]).catch(() => undefined)]);
  await upstream.entries();
  const said = asked.filter((one) => one === '/hosts/self/ended {"holding":"none"}');
  assert.ok(asked[0]?.startsWith("/hosts/self/ended") && said.length <= 2, asked.join());
  assert.equal(asked.slice(-1)[0], "/hosts/self/entries {}");
  upstream.close();
});
