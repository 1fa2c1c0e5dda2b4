import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";
import { certify, openAuthority, x509Key } from "../../proof/svid/test-authority.ts";
import type { Standing } from "./standing.ts";
import { said, type TestHost, type TestProcess, testHost } from "./test-host.ts";
import { entryOf } from "./test-upstream.ts";
import type { Workload } from "./workload.ts";

const ID = "spiffe://acme.example/agent/planner/one";

/** Asks, letting the clock go on as far as a message is gathered. */
async function ask({ clock }: TestHost, workload: Workload): Promise<Standing> {
  const standing = workload.standing();
  await clock.advance(20);
  return standing;
}

/** A process that connects and watches. */
async function watch(host: TestHost, process: TestProcess) {
  const told: Standing[] = [];
  const workload = host.identities.enter(process.connect());
  workload.watch((standing) => told.push(standing));
  await host.clock.advance(20);
  return { workload, told };
}

test("a process that an entry covers gets an identity of its own, for a key that never leaves the host", async () => {
  const host = await testHost();
  const { told } = await watch(host, host.process(10));
  const [standing] = told;
  assert.equal(said(standing), "planner/i1");
  assert(standing?.kind === "served");
  const [svid] = standing.svids;
  assert(svid !== undefined);
  const spki = createPublicKey(svid.key).export({ type: "spki", format: "der" }).toString("base64");
  assert.equal(host.upstream.instances.get(svid.id)?.spki, spki);
  assert.equal(JSON.stringify(host.upstream.batches).includes("PRIVATE"), false);
  assert.equal(standing.bundles[0].trustDomain, "acme.example");
});

test("all connections of a process share its identity, and two processes never do", async () => {
  const host = await testHost();
  const [one, other] = [host.process(10), host.process(11)];
  const first = host.identities.enter(one.connect());
  const again = host.identities.enter(one.connect());
  const second = host.identities.enter(other.connect());
  assert.equal(first, again);
  const stands = await Promise.all([first, again, second].map((workload) => ask(host, workload)));
  assert.deepEqual(stands.map(said), ["planner/i1", "planner/i1", "planner/i2"]);
  assert.equal(one.open(), 1);
});

test("a pid's next process gets nothing of the last one's, though nobody told that it exited", async () => {
  const host = await testHost();
  const first = host.process(10);
  const before = await ask(host, host.identities.enter(first.connect()));
  const later = host.process(10);
  later.started = "boot:later";
  const after = await ask(host, host.identities.enter(later.connect()));
  assert.deepEqual([before, after].map(said), ["planner/i1", "planner/i2"]);
});

test("a host that cannot look for a moment serves nothing meanwhile, and ends nothing for good", async () => {
  const host = await testHost();
  const process = host.process(10);
  const workload = host.identities.enter(process.connect());
  assert.equal(said(await ask(host, workload)), "planner/i1");
  process.unseen = true;
  assert.equal(said(await ask(host, workload)), "away");
  assert.equal(host.identities.enter(process.connect()), workload);
  process.wrong = Object.assign(new Error("too many open files"), { code: "EMFILE" });
  process.unseen = false;
  await host.clock.advance(300_000);
  process.unseen = true;
  process.wrong = undefined;
  await host.clock.advance(30_000);
  process.unseen = false;
  await host.clock.advance(30_000);
  assert.equal(said(await ask(host, workload)), "planner/i1");
  assert.ok(host.logged.some((line) => line.startsWith("an identity could not be asked for")));
  assert.deepEqual(host.upstream.told, []);
});

test("a control plane that hands one identity to two processes is believed once", async () => {
  const host = await testHost();
  const first = host.identities.enter(host.process(10).connect());
  await ask(host, first);
  host.upstream.naming = "spiffe://acme.example/agent/planner/i1";
  assert.equal(said(await ask(host, host.identities.enter(host.process(11).connect()))), "instance_shared");
  assert.equal(said(await ask(host, first)), "planner/i1");
});

test("who is covered by no entry is nobody, and is told so", async () => {
  const host = await testHost();
  const { told, workload } = await watch(host, host.process(10, 1002));
  assert.deepEqual(told.map(said), ["no_entry"]);
  assert.deepEqual(host.upstream.batches, []);
  workload.leave();
});

test("a process that cannot be measured is nobody, and the log says why", async () => {
  const host = await testHost();
  const process = host.process(10);
  process.wrong = Object.assign(new Error("Its program is gone."), { code: "program_deleted" });
  const { told } = await watch(host, process);
  assert.deepEqual(told.map(said), ["program_deleted"]);
  assert.ok(host.logged.includes("a process is nobody here program_deleted"));
});

test("a process that has exited gets nothing, and what it had is told within a second", async () => {
  const host = await testHost();
  const process = host.process(10);
  const { workload, told } = await watch(host, process);
  process.exit();
  assert.deepEqual(told.map(said), ["planner/i1", "peer_exited"]);
  await host.clock.advance(1_000);
  assert.deepEqual(host.upstream.told, ["spiffe://acme.example/agent/planner/i1"]);
  assert.equal(said(await ask(host, workload)), "peer_exited");
  assert.equal(process.open(), 0);
});

test("an exit is told again until the control plane has heard it", async () => {
  const host = await testHost();
  const process = host.process(10);
  await watch(host, process);
  host.upstream.away = true;
  process.exit();
  await host.clock.advance(20_000);
  assert.deepEqual(host.upstream.told, []);
  host.upstream.away = false;
  await host.clock.advance(30_000);
  assert.equal(host.upstream.told.length, 1);
});

test("what is issued to a process that has exited meanwhile dies at once", async () => {
  const host = await testHost();
  const process = host.process(10);
  const gate = Promise.withResolvers<void>();
  host.upstream.hangs = gate.promise;
  const { workload } = await watch(host, process);
  process.exit();
  gate.resolve();
  host.upstream.hangs = undefined;
  await host.clock.advance(1_000);
  assert.equal(host.upstream.told.length, 1);
  assert.equal(said(await workload.standing()), "peer_exited");
});

test("an identity is renewed at half of its life at the latest, for the same key, after measuring again", async () => {
  const host = await testHost();
  const { told } = await watch(host, host.process(10));
  const measured = host.measured.length;
  await host.clock.advance(300_000);
  assert.deepEqual(told.map(said), ["planner/i1", "planner/i1"]);
  assert.ok(host.measured.length > measured);
  const [first, second] = told as Extract<Standing, { kind: "served" }>[];
  assert.equal(first?.svids[0]?.key, second?.svids[0]?.key);
  assert.ok((first?.svids[0]?.expires ?? 0) < (second?.svids[0]?.expires ?? 0));
  assert.equal(host.upstream.batches[1]?.[0]?.instance, "spiffe://acme.example/agent/planner/i1");
});

test("a process that is refused at its renewal loses its identity at once, and what it has seen dies", async () => {
  const host = await testHost();
  const process = host.process(10);
  const { told } = await watch(host, process);
  host.upstream.refusing.set("e1", { code: "agent_suspended", reason: "The agent is suspended." });
  await host.clock.advance(300_000);
  assert.deepEqual(told.map(said), ["planner/i1", "agent_suspended"]);
  assert.equal(host.upstream.told.length, 1);
});

test("a running copy that the control plane ends is lost at once, and its process is judged anew when it asks", async () => {
  const host = await testHost();
  const { told, workload } = await watch(host, host.process(10));
  const other = await watch(host, host.process(11));
  host.upstream.end("spiffe://acme.example/agent/planner/i1");
  assert.deepEqual(told.map(said), ["planner/i1", "instance_ended"]);
  assert.deepEqual(other.told.map(said), ["planner/i2"]);
  await host.clock.advance(1_000);
  assert.equal(said(await ask(host, workload)), "planner/i3");
});

test("a process that is no longer what it was loses its identity at its renewal", async () => {
  for (const change of [
    (process: TestProcess) => {
      process.wrong = Object.assign(new Error("changed"), { code: "script_changed" });
    },
    (process: TestProcess) => {
      process.selectors = ["unix:uid:1002"];
    },
  ]) {
    const host = await testHost();
    const process = host.process(10);
    const { told } = await watch(host, process);
    change(process);
    await host.clock.advance(300_000);
    assert.equal(told.length, 2);
    assert.equal(told[1]?.kind, "refused");
    assert.equal(host.upstream.told.length, 1);
  }
});

test("an entry that is taken away takes its identity away, and one that is added adds one, without asking", async () => {
  const host = await testHost();
  const { told } = await watch(host, host.process(10));
  host.upstream.entryList = [entryOf("e1"), entryOf("e2", { principal: "writer", hint: "internal" })];
  host.upstream.change();
  await host.clock.advance(20);
  host.upstream.entryList = host.upstream.entryList.slice(1);
  host.upstream.change();
  await host.clock.advance(20);
  host.upstream.entryList = [];
  host.upstream.change();
  await host.clock.advance(1_000);
  assert.deepEqual(told.map(said), ["planner/i1", "planner/i1 writer/i2", "writer/i2", "no_entry"]);
  assert.equal(host.upstream.told.length, 2);
});

test("an entry that asks for more has its process measured anew before it keeps anything", async () => {
  const host = await testHost();
  await watch(host, host.process(10));
  host.upstream.entryList = [entryOf("e1", { files: [{ path: "/srv/prompt", role: "prompt" }] })];
  host.upstream.change();
  await host.clock.advance(20);
  assert.equal(host.measured.at(-1), "/srv/prompt");
  assert.equal(host.upstream.batches.at(-1)?.[0]?.files[0]?.path, "/srv/prompt");
});

test("of what is not for this process's key, or not its name, nothing is handed out", async () => {
  const host = await testHost();
  const stranger = await openAuthority("acme.example");
  const life = { notBefore: host.clock.now() - 10_000, notAfter: host.clock.now() + 60_000 };
  const forAnotherKey = await certify(host.upstream.authority.root, { uris: [ID], ...life });
  host.upstream.naming = ID;
  const spoilt = [
    { chain: [forAnotherKey.der.toString("base64")] },
    { chain: [stranger.root.der.toString("base64")] },
    { instance: "spiffe://acme.example/agent/planner/other" },
    { chain: [] },
    { chain: ["AAAA"] },
    { expires: 1 },
  ];
  for (const [i, spoil] of spoilt.entries()) {
    host.upstream.spoil = (answer) => ("refused" in answer ? answer : { ...answer, ...spoil });
    const { told } = await watch(host, host.process(10 + i));
    assert.deepEqual(told.map(said), ["away"]);
  }
});

test("while the control plane is away, what is held serves until it expires, and a new process must wait", async () => {
  const host = await testHost();
  const { told, workload } = await watch(host, host.process(10));
  host.upstream.away = true;
  await host.clock.advance(599_000);
  assert.equal(said(await workload.standing()), "planner/i1");
  assert.equal(said(await ask(host, host.identities.enter(host.process(11).connect()))), "away");
  await host.clock.advance(2_000);
  assert.equal(said(told.at(-1)), "away");
  host.upstream.away = false;
  await host.clock.advance(40_000);
  assert.equal(said(told.at(-1)), "planner/i3");
});

test("a host that starts while the control plane is away serves as soon as it is back", async () => {
  const host = await testHost({}, { away: true });
  const { told, workload } = await watch(host, host.process(10));
  assert.deepEqual(told.map(said), ["away"]);
  host.upstream.away = false;
  await host.clock.advance(30_000);
  assert.equal(said(await ask(host, workload)), "planner/i1");
});

test("an SVID whose authority was taken out of the bundle is renewed at once", async () => {
  const host = await testHost();
  const { told } = await watch(host, host.process(10));
  const next = await openAuthority("acme.example");
  host.upstream.authority = next;
  host.upstream.change();
  await host.clock.advance(10_000);
  assert.equal(host.upstream.batches.length, 2);
  assert.equal(said(told.at(-1)), "planner/i1");
});

test("another domain's bundle is handed on by itself, and one that cannot be read is left out", async () => {
  const host = await testHost();
  const { told } = await watch(host, host.process(10));
  const other = await openAuthority("other.example");
  host.upstream.others = { "other.example": { keys: [x509Key(other.root)] }, "bad.example": { keys: 1 } };
  host.upstream.change();
  await host.clock.advance(20);
  const standing = told.at(-1);
  assert(standing?.kind === "served");
  assert.deepEqual(
    standing.bundles.map(({ trustDomain }) => trustDomain),
    ["acme.example", "other.example"],
  );
  assert.ok(host.logged.some((line) => line.startsWith("a bundle cannot be read")));
});

test("JWT-SVIDs are new each time; while the control plane is away the last one serves until it expires", async () => {
  const host = await testHost();
  const { workload } = await watch(host, host.process(10));
  const fetch = async (audience = "https://a.example", id?: string) => {
    const answer = await workload.jwtSvids([audience], id);
    return answer.kind === "served" ? answer.svids.map(({ svid }) => svid).join() : answer.kind;
  };
  const [first, second] = [await fetch(), await fetch()];
  assert.notEqual(first, second);
  host.upstream.away = true;
  assert.equal(await fetch(), second);
  assert.equal(await fetch("https://b.example"), "away");
  assert.equal(await fetch("https://a.example", "spiffe://acme.example/agent/planner/other"), "refused");
  await host.clock.advance(300_000);
  assert.equal(await fetch(), "away");
});

test("requests go together, a hundred at a time, and a user of many processes does not hold up another", async () => {
  const host = await testHost();
  const processes = Array.from({ length: 250 }, (_, i) => host.process(1_000 + i));
  const stands = processes.map((process) => host.identities.enter(process.connect()).standing());
  await host.clock.advance(200);
  const answers = await Promise.all(stands);
  assert.equal(new Set(answers.map(said)).size, 250);
  const sizes = host.upstream.batches.map(({ length }) => length);
  assert.ok(Math.max(...sizes) <= 100);
  assert.ok(sizes.length < 60, String(sizes));
});

test("renewals go a few at a time, and nobody who waits for his first identity waits for them", async () => {
  const host = await testHost();
  const stands = Array.from({ length: 150 }, (_, i) =>
    host.identities.enter(host.process(1_000 + i).connect()).standing(),
  );
  await host.clock.advance(200);
  await Promise.all(stands);
  const gate = Promise.withResolvers<void>();
  host.upstream.hangs = gate.promise;
  const before = host.upstream.batches.length;
  await host.clock.advance(300_000);
  const newcomer = host.identities.enter(host.process(10).connect()).standing();
  await host.clock.advance(20);
  assert.deepEqual(
    host.upstream.batches.slice(before).map((batch) => [batch.length, batch[0]?.instance !== undefined]),
    [
      [20, true],
      [1, false],
    ],
  );
  gate.resolve();
  await host.clock.advance(1_000);
  assert.equal(said(await newcomer), "planner/i151");
});

test("a user whose processes are too many has no more, and others have room", async () => {
  const host = await testHost({ processes: 6, processesOfUser: 3 });
  for (const pid of [1, 2, 3]) host.identities.enter(host.process(pid).connect());
  const fourth = host.process(4);
  assert.throws(() => host.identities.enter(fourth.connect()), { name: "TooManyProcesses" });
  assert.equal(fourth.open(), 0);
  host.identities.enter(host.process(5, 1002).connect());
});

test("who is nobody is forgotten when he disconnects; who is somebody stays until he exits", async () => {
  const host = await testHost();
  const [nobody, somebody] = [host.process(10, 1002), host.process(11)];
  const first = await watch(host, nobody);
  const second = await watch(host, somebody);
  for (const { workload } of [first, second]) workload.leave();
  await host.clock.advance(20);
  assert.deepEqual([nobody.open(), somebody.open()], [0, 1]);
  const again = host.identities.enter(somebody.connect());
  assert.equal(said(await ask(host, again)), "planner/i1");
});

test("what was refused is asked again after a moment, not before", async () => {
  const host = await testHost();
  host.upstream.refusing.set("e1", { code: "busy", reason: "Later." });
  const workload = host.identities.enter(host.process(10).connect());
  await ask(host, workload);
  await ask(host, workload);
  assert.equal(host.upstream.batches.length, 1);
  host.upstream.refusing.clear();
  await host.clock.advance(1_000);
  assert.equal(said(await ask(host, workload)), "planner/i1");
});

test("a host that ends leaves what it has issued alone, and lets go of every process", async () => {
  const host = await testHost();
  const process = host.process(10);
  await watch(host, process);
  await host.identities.close();
  assert.equal(process.open(), 0);
  assert.deepEqual(host.upstream.told, []);
  assert.equal(host.clock.waiting(), 0);
});
