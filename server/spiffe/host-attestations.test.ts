import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { after, before, test } from "node:test";
import type { AttestAnswer } from "@countersign/host/upstream";
import { canonicalize } from "@countersign/proof/jcs";
import { parseBundle, verifyX509Svid } from "@countersign/proof/svid";
import { readCertificate } from "@countersign/proof/x509";
import {
  allEntriesOf,
  bringImage,
  type EntrySaid,
  endHost,
  endProcesses,
  findHost,
  issueJoinToken,
  joinHost,
  putEntry,
  removeEntry,
  restsOf,
  vouchWithin,
} from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { type Code, Fault, minutes } from "../lib/index.ts";
import { findAgent, findInstance, resumeAgent, suspendAgent, updateAgent } from "../registry/index.ts";
import { deadKeys, eventsOf, exampleAgent, personCaller } from "../registry/test-registry.ts";
import { block, deadAmong } from "../revocation/index.ts";
import { hostState, nextHostState } from "./host-changes.ts";
import { issueJwtSvidForProcess } from "./host-jwt-svids.ts";
import { bundlesForHosts, hostBundles } from "./index.ts";
import { agentCaller, vouchingAt } from "./test-agents.ts";
import {
  asking,
  freshKey,
  type Hosts,
  hostCallerOf,
  joining,
  openHosts,
  PLANNER,
  stranger,
} from "./test-hosts.ts";

const refusal = (code: Code, reason?: string) => (error: unknown) =>
  error instanceof Fault && error.code === code && (reason === undefined || error.members.reason === reason);

const codeOf = (answer: AttestAnswer | undefined): string | undefined =>
  answer !== undefined && "refused" in answer ? answer.refused.code : undefined;

function issuedIn(answer: AttestAnswer | undefined) {
  if (answer === undefined || "refused" in answer) assert.fail(JSON.stringify(answer));
  return answer;
}

/** Members in one order. */
const sortedJson = (text: string): string => canonicalize(JSON.parse(text));

forEachEngine((engine) => {
  let house: Hosts;
  let count = 0;
  before(async () => {
    house = await openHosts(engine);
  });
  after(() => house.close());

  /** An agent of its own for each promise, with an entry, and a machine. */
  async function scene(said: EntrySaid = {}) {
    count += 1;
    const name = `agent-${count}`;
    await exampleAgent(house, { name });
    const entry = await house.declare(said, "main", name);
    const { caller, host, key } = await house.machine(`build-${count}`);
    const attest = async (...requests: Parameters<typeof house.attest>[1][]) =>
      house.attest(caller, ...requests);
    return { name, entry, caller, host, key, attest };
  }

  const reasons = async () =>
    (await eventsOf(house, "attestation.refused")).map(({ body }) => (body as { reason: string }).reason);

  test("a process that is what its entry says gets an SVID that stands, an identity that rests on its machine, and leaves evidence", async () => {
    const { name, entry, host, attest } = await scene();
    const key = freshKey();
    const [answer] = await attest(asking(entry.id, key));
    const { instance, chain, expires } = issuedIn(answer);
    assert.match(instance, new RegExp(`^spiffe://example\\.org/agent/${name}/instance_`));
    const [bundle] = Object.values(await bundlesForHosts(house.deps));
    const [leaf, ...others] = chain.map((der) => readCertificate(Buffer.from(der, "base64")));
    assert.ok(leaf);
    const now = house.deps.clock.now();
    const svid = verifyX509Svid(leaf, others, { bundle: parseBundle(bundle ?? null), now });
    assert.deepEqual([svid.id.uri, svid.expires], [instance, expires]);
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    assert.ok(leaf.key.export({ type: "spki", format: "der" }).equals(spki));
    const record = await findInstance(house.deps, instance);
    assert.deepEqual([record?.strength, record?.vouched, record?.expires], ["attested-svid", true, expires]);
    assert.equal((await findAgent(house.deps, name))?.status, "active");
    assert.deepEqual(await restsOf(house.deps, instance), [`host:${host.id}`, `workload:${entry.id}`]);
    const passed = (await eventsOf(house, "attestation.passed")).filter(({ about }) => about.agent === name);
    assert.equal(passed.length, 1);
    assert.equal(
      (await eventsOf(house, "svid.issued")).filter(({ about }) => about.agent === name).length,
      1,
    );
  });

  test("a renewal keeps the identity, a lost answer makes no second copy, and a new key takes the place of the old", async () => {
    const { entry, attest } = await scene();
    const [key, next] = [freshKey(), freshKey()];
    const { instance } = issuedIn((await attest(asking(entry.id, key)))[0]);
    assert.equal(
      issuedIn((await attest(asking(entry.id, key)))[0]).instance,
      instance,
      "the answer was lost",
    );
    house.deps.clock.advance(minutes(30));
    const [renewed] = await attest(asking(entry.id, next, { instance }));
    assert.equal(issuedIn(renewed).instance, instance);
    assert.ok(issuedIn(renewed).expires > house.deps.clock.now() + minutes(59));
    const [both, twice] = await attest(
      asking(entry.id, next, { instance }),
      asking(entry.id, next, { instance }),
    );
    assert.equal(issuedIn(both).instance, issuedIn(twice).instance);
    // The key before lives in an SVID yet: nobody else may come with it.
    const [stolen] = await attest(asking(entry.id, key, { process: { pid: 9, started: "boot:9" } }));
    assert.equal(codeOf(stolen), "key-of-another");
  });

  test("the key of a process in the hands of a second one, here or on another machine, is refused and alarmed, both named", async () => {
    const { entry, attest, host } = await scene();
    const other = await house.machine(`other-${count}`);
    const key = freshKey();
    const { instance } = issuedIn((await attest(asking(entry.id, key)))[0]);
    const second = { pid: 4_712, started: "boot:101" };
    assert.equal(codeOf((await attest(asking(entry.id, key, { process: second })))[0]), "key-of-another");
    assert.equal(
      codeOf((await attest(asking(entry.id, key, { process: { pid: 4_711, started: "boot:101" } })))[0]),
      "key-of-another",
      "a pid that was reused",
    );
    assert.equal(codeOf((await house.attest(other.caller, asking(entry.id, key)))[0]), "key-of-another");
    const alarms = (await eventsOf(house, "instance.cloned")).filter(
      ({ body }) => (body as { instance: string }).instance === instance,
    );
    const told = alarms.map(({ severity, body }) => {
      const { host: first, pid, claimed_by } = body as Record<"host" | "pid" | "claimed_by", unknown>;
      return JSON.stringify([severity, first, pid, claimed_by]);
    });
    const claims = [
      { host: host.id, ...second },
      { host: host.id, pid: 4_711, started: "boot:101" },
      { host: other.host.id, pid: 4_711, started: "boot:100" },
    ];
    const wanted = claims.map((claim) => JSON.stringify(["alarm", host.id, 4_711, claim]));
    assert.deepEqual(told.map(sortedJson).sort(), wanted.map(sortedJson).sort());
    issuedIn((await attest(asking(entry.id, key, { instance })))[0]);
  });

  test("every lie about a process is refused with its own reason, recorded, and nothing is issued", async () => {
    const { entry, attest, name } = await scene({ files: [{ path: "/opt/prompt.md", role: "prompt" }] });
    const key = freshKey();
    const files = [{ path: "/opt/prompt.md", role: "prompt" as const, sha256: "0".repeat(64) }];
    const good = asking(entry.id, key, { files });
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    const lies: [string, Parameters<typeof attest>[0]][] = [
      ["entry-not-for-host", asking("entry_unknown", key, { files })],
      ["selectors-not-attested", asking(entry.id, key, { files, selectors: PLANNER.slice(1) })],
      ["selectors-not-attested", asking(entry.id, key, { files, selectors: [] })],
      ["file-not-measured", asking(entry.id, key)],
      [
        "file-not-measured",
        asking(entry.id, key, {
          files: [{ ...files[0], path: "/opt/other", role: "prompt", sha256: "0".repeat(64) }],
        }),
      ],
      ["key-not-proven", { ...good, selectors: [...PLANNER] }],
      ["key-not-proven", { ...good, proof: asking(entry.id, freshKey(), { files }).proof }],
      ["key-not-proven", { ...good, proof: "" }],
      ["key-not-proven", { ...good, spki: "AAAA" }],
      [
        "key-not-proven",
        { ...good, spki: createPublicKey(p384).export({ type: "spki", format: "der" }).toString("base64") },
      ],
      [
        "instance-of-another",
        asking(entry.id, key, { files, instance: `spiffe://example.org/agent/${name}/instance_none` }),
      ],
    ];
    const answers = await attest(...lies.map(([, lie]) => lie));
    assert.deepEqual(
      answers.map(codeOf),
      lies.map(([reason]) => reason),
    );
    const recorded = await reasons();
    for (const [reason] of lies) assert.ok(recorded.includes(reason), reason);
    assert.equal((await findAgent(house.deps, name))?.status, "registered");
    issuedIn((await attest(good))[0]);
  });

  test("a machine asks only for its own: not by an entry for others, not for a copy or a token of another machine", async () => {
    const { entry, attest, name } = await scene();
    const elsewhere = await scene({ hosts: ["host:name:nowhere"] });
    const { instance } = issuedIn((await attest(asking(entry.id, freshKey())))[0]);
    assert.equal(codeOf((await attest(asking(elsewhere.entry.id, freshKey())))[0]), "entry-not-for-host");
    assert.equal(
      codeOf((await elsewhere.attest(asking(entry.id, freshKey(), { instance })))[0]),
      "instance-of-another",
    );
    const sibling = await house.declare({}, "sibling", name);
    const byAnother = asking(sibling.id, freshKey(), { instance });
    assert.equal(
      codeOf((await attest(byAnother))[0]),
      "instance-of-another",
      "by an entry that it was not attested by",
    );
    const asked = { attackerInstance: instance, attackerAudience: ["https://reports.example"] };
    await assert.rejects(
      issueJwtSvidForProcess(house.deps, elsewhere.caller, asked),
      refusal("forbidden", "instance-of-another"),
    );
    assert.equal(await endProcesses(house.deps, elsewhere.caller, { attackerInstances: [instance] }), 0);
    assert.equal((await findInstance(house.deps, instance))?.status, "active");
  });

  test("an exit ends the copy at once; it is not renewed, gets no token, and its keys are dead", async () => {
    const { entry, attest, caller } = await scene();
    const key = freshKey();
    const { instance } = issuedIn((await attest(asking(entry.id, key)))[0]);
    const before = await hostState(house.deps, caller);
    const told = { attackerInstances: [instance, instance, "spiffe://example.org/agent/none/x"] };
    assert.equal(await endProcesses(house.deps, caller, told), 1);
    assert.equal(await endProcesses(house.deps, caller, told), 0, "told twice");
    assert.ok((await deadKeys(house)).includes(`instance:${instance}`));
    const after = await hostState(house.deps, caller);
    assert.deepEqual([after.ended, after.revision === before.revision], [[instance], false]);
    assert.equal(codeOf((await attest(asking(entry.id, key, { instance })))[0]), "instance-ended");
    const asked = { attackerInstance: instance, attackerAudience: ["https://reports.example"] };
    await assert.rejects(
      issueJwtSvidForProcess(house.deps, caller, asked),
      refusal("gone", "instance-ended"),
    );
    assert.notEqual(issuedIn((await attest(asking(entry.id, freshKey())))[0]).instance, instance);
  });

  test("a copy that is not any more as it was attested ends with the refusal", async () => {
    const { entry, attest } = await scene();
    const key = freshKey();
    const { instance } = issuedIn((await attest(asking(entry.id, key)))[0]);
    const other = asking(entry.id, key, { instance, selectors: ["unix:uid:1001", "unix:path:/bin/sh"] });
    assert.equal(codeOf((await attest(other))[0]), "selectors-not-attested");
    assert.equal((await findInstance(house.deps, instance))?.status, "ended");
    assert.deepEqual(await deadAmong(house.deps, [`instance:${instance}`]), [`instance:${instance}`]);
    // A request that was only wrong costs nobody anything.
    const again = issuedIn((await attest(asking(entry.id, freshKey())))[0]).instance;
    const forged = { ...asking(entry.id, key, { instance: again }), proof: "" };
    assert.equal(codeOf((await attest(forged))[0]), "key-not-proven");
    assert.equal((await findInstance(house.deps, again))?.status, "active");
  });

  test("a suspended agent gets nothing and is no entry; resumed, its process is itself again", async () => {
    const { deps, administrator } = house;
    const { entry, attest, caller, name } = await scene();
    const key = freshKey();
    const { instance } = issuedIn((await attest(asking(entry.id, key)))[0]);
    const { revision } = await hostState(deps, caller);
    const waiting = nextHostState(deps, caller, revision, 5_000);
    await suspendAgent(deps, administrator, { name });
    assert.notEqual((await waiting).revision, revision, "its machine hears of it");
    assert.equal(codeOf((await attest(asking(entry.id, key, { instance })))[0]), "forbidden");
    assert.equal(codeOf((await attest(asking(entry.id, freshKey())))[0]), "forbidden");
    const asked = { attackerInstance: instance, attackerAudience: ["https://reports.example"] };
    await assert.rejects(issueJwtSvidForProcess(deps, caller, asked), refusal("forbidden"));
    await resumeAgent(deps, administrator, { name });
    issuedIn((await attest(asking(entry.id, key, { instance })))[0]);
    assert.equal(typeof (await issueJwtSvidForProcess(deps, caller, asked)).svid, "string");
  });

  test("an entry that changes, or is removed, ends what rested on it; its ttl and hint do not", async () => {
    const { deps, administrator } = house;
    const { entry, attest, name } = await scene();
    const { instance } = issuedIn((await attest(asking(entry.id, freshKey())))[0]);
    assert.equal((await house.declare({ ttl: 60, hint: "main" }, "main", name)).id, entry.id);
    const changed = await house.declare({ selectors: [...PLANNER, "unix:gid:1001"] }, "main", name);
    assert.notEqual(changed.id, entry.id);
    assert.deepEqual(await deadAmong(deps, await restsOf(deps, instance)), [`workload:${entry.id}`]);
    assert.equal(codeOf((await attest(asking(entry.id, freshKey(), { instance })))[0]), "entry-not-for-host");
    issuedIn((await attest(asking(changed.id, freshKey())))[0]);
    await removeEntry(deps, administrator, { kind: "agent", principal: name, name: "main" });
    assert.equal(codeOf((await attest(asking(changed.id, freshKey())))[0]), "entry-not-for-host");
    assert.ok((await deadKeys(house)).includes(`workload:${changed.id}`));
  });

  test("a machine that ends takes with it what it attested; it joins again as another, a banned one never", async () => {
    const { deps, administrator } = house;
    const { entry, attest, caller, host } = await scene();
    const { instance } = issuedIn((await attest(asking(entry.id, freshKey())))[0]);
    await endHost(deps, administrator, { name: host.name });
    await assert.rejects(hostState(deps, caller), refusal("forbidden", "host-ended"));
    const digest = `sha256:${"a".repeat(64)}`;
    await assert.rejects(
      bringImage(deps, caller, { digest, bundles: [{}] }),
      refusal("forbidden", "host-ended"),
    );
    await assert.rejects(
      async () => hostBundles.handle(deps, caller, {} as never),
      refusal("forbidden", "host-ended"),
    );
    assert.equal(codeOf((await attest(asking(entry.id, freshKey(), { instance })))[0]), "host-ended");
    assert.deepEqual(await deadAmong(deps, await restsOf(deps, instance)), [`host:${host.id}`]);
    await assert.rejects(endHost(deps, administrator, { name: host.name }), refusal("gone"));
    const back = await house.machine(host.name);
    assert.notEqual(back.host.id, host.id);
    assert.equal(
      codeOf((await house.attest(back.caller, asking(entry.id, freshKey(), { instance })))[0]),
      "instance-of-another",
    );
    await endHost(deps, administrator, { name: host.name, ban: true });
    await assert.rejects(house.machine(host.name), refusal("forbidden", "host-banned"));
    await assert.rejects(endHost(deps, hostCallerOf(host), { name: host.name }), refusal("forbidden"));
  });

  test("a token lets one machine in once; with a forged proof or another's token nobody comes in", async () => {
    const { deps, administrator } = house;
    const { token } = await issueJoinToken(deps, administrator, { host: "once-only" });
    const agents = await issueJoinToken(deps, administrator, { agent: "planner" });
    const key = freshKey();
    const now = Math.floor(deps.clock.now() / 1000);
    const wrong = [
      joining(deps, { token: "cs_join_guess" }, key),
      joining(deps, { token: agents.token }, key),
      joining(deps, { token }, key, { typ: "enrol+jwt" }),
      joining(deps, { token }, key, { of: { type: "join_token", payload: { token: "another" } } }),
      joining(deps, { token }, key, { iat: now - 121 }),
      joining(deps, { token }, key, { aud: "https://evil.example" }),
      { ...joining(deps, { token }, key), attackerJwk: joining(deps, { token }, freshKey()).attackerJwk },
    ];
    for (const attempt of wrong)
      await assert.rejects(joinHost(deps, stranger, attempt), refusal("unauthenticated"));
    const right = joining(deps, { token }, key);
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => joinHost(deps, stranger, right)));
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    await assert.rejects(joinHost(deps, stranger, right), refusal("unauthenticated", "join-token"));
    const second = await issueJoinToken(deps, administrator, { host: "once-more" });
    await assert.rejects(
      joinHost(deps, stranger, joining(deps, { token: second.token }, key)),
      refusal("replayed", "key-known"),
    );
    assert.ok((await reasons()).includes("join-token"), "a token that was real is recorded");
    const owner = personCaller(house.owner);
    await assert.rejects(issueJoinToken(deps, owner, { host: "mine" }), refusal("forbidden"));
  });

  test("an agent has as many copies as it may, whoever attests them", async () => {
    const { deps, administrator } = house;
    const { entry, attest, name } = await scene();
    const delegation = { max_depth: 4, max_instances: 2, delegate_to: [], needs_person: [] };
    await updateAgent(deps, administrator, { name, update: { delegation } } as never);
    const process = (pid: number) => ({ process: { pid, started: "boot:1" } });
    const answers = await attest(...[1, 2, 3].map((pid) => asking(entry.id, freshKey(), process(pid))));
    assert.deepEqual(answers.map(codeOf), [undefined, undefined, "forbidden"]);
  });

  test("thousands fall due at once: a hundred renewals are one change, and one bad one among them spoils none", async () => {
    const { entry, attest } = await scene();
    const keys = Array.from({ length: 20 }, freshKey);
    const process = (pid: number) => ({ process: { pid: pid + 1, started: "boot:7" } });
    const first = await attest(...keys.map((key, pid) => asking(entry.id, key, process(pid))));
    house.deps.clock.advance(minutes(20));
    const renewals = keys.map((key, pid) =>
      asking(entry.id, key, { instance: issuedIn(first[pid]).instance, ...process(pid) }),
    );
    const spoiled = renewals.map((request, pid) => (pid === 7 ? { ...request, proof: "" } : request));
    const answers = await attest(...spoiled);
    assert.deepEqual(
      answers.map(codeOf),
      keys.map((_, pid) => (pid === 7 ? "key-not-proven" : undefined)),
    );
    assert.deepEqual(
      answers.flatMap((answer) => ("instance" in answer ? answer.instance : [])),
      first.filter((_, pid) => pid !== 7).flatMap((answer) => issuedIn(answer).instance),
    );
  });

  test("an image that is blocked admits no process of it, and renews none", async () => {
    const { deps, administrator } = house;
    const { entry, attest } = await scene();
    const image = `sha256:${"ab".repeat(32)}`;
    const selectors = [...PLANNER, `container:image_digest:${image}`];
    const key = freshKey();
    const { instance } = issuedIn((await attest(asking(entry.id, key, { selectors })))[0]);
    assert.equal((await findInstance(deps, instance))?.image, image);
    const other = await attest(asking(entry.id, key, { selectors: PLANNER, instance }));
    assert.equal(codeOf(other[0]), "material-changed");
    const process = { pid: 5, started: "boot:5" };
    const second = freshKey();
    const next = issuedIn((await attest(asking(entry.id, second, { selectors, process })))[0]);
    await perform(deps, administrator, "revocation.order", (change) =>
      block(deps, change, administrator, `image:${image}`),
    );
    for (const again of [{}, { instance: next.instance }]) {
      const asked = asking(entry.id, second, { selectors, process, ...again });
      assert.match(String(codeOf((await attest(asked))[0])), /blocked|denied/);
    }
  });

  test("an attested process vouches for agents within it that name it, at lower strength, and they end with it", async () => {
    const { deps, administrator } = house;
    const { entry, attest, caller: host, name } = await scene();
    const within = `within-${count}`;
    await exampleAgent(house, { name: within });
    await putEntry(deps, administrator, {
      place: { kind: "agent", principal: within, name: "main" },
      said: { vouched_by: [name] },
    });
    const [lets] = await allEntriesOf(deps, { kind: "agent", principal: within });
    const { instance } = issuedIn((await attest(asking(entry.id, freshKey())))[0]);
    const voucher = agentCaller(name, instance);
    const key = freshKey();
    const vouching = (agent: string, by: string, own: KeyObject) =>
      vouchingAt(deps.clock.now(), agent, by, own);
    const copy = await vouchWithin(deps, voucher, vouching(within, instance, key));
    assert.equal(copy.strength, "in-process");
    assert.deepEqual(await restsOf(deps, copy.id), [
      `instance:${instance}`,
      `workload:${lets?.id}`,
      `host:${(await findHost(deps, host.principal))?.id}`,
      `workload:${entry.id}`,
    ]);
    deps.clock.advance(minutes(10));
    await attest(asking(entry.id, freshKey(), { instance }));
    const longer = await vouchWithin(deps, voucher, vouching(within, instance, key));
    assert.deepEqual([longer.id, longer.expires > copy.expires], [copy.id, true]);
    const other = agentCaller("planner", instance);
    const refusals: [() => Promise<unknown>, Code, string][] = [
      [
        () => vouchWithin(deps, voucher, vouching("planner", instance, freshKey())),
        "forbidden",
        "not-vouched-by",
      ],
      [() => vouchWithin(deps, other, vouching(within, instance, freshKey())), "forbidden", "not-vouched-by"],
      [
        () => vouchWithin(deps, agentCaller(within, copy.id), vouching(within, copy.id, freshKey())),
        "forbidden",
        "not-attested",
      ],
      [
        () => vouchWithin(deps, voucher, { ...vouching(within, instance, freshKey()), agent: "planner" }),
        "forbidden",
        "not-vouched-by",
      ],
      [
        () => vouchWithin(deps, voucher, vouching(within, "spiffe://else", freshKey())),
        "unauthenticated",
        "key-not-proven",
      ],
    ];
    for (const [attempt, code, reason] of refusals) await assert.rejects(attempt(), refusal(code, reason));
    const place = { kind: "agent", principal: within, name: "main" } as const;
    await putEntry(deps, administrator, { place, said: { vouched_by: ["planner"] } });
    assert.deepEqual(await deadAmong(deps, await restsOf(deps, copy.id)), [`workload:${lets?.id}`]);
    await putEntry(deps, administrator, { place, said: { vouched_by: [name] } });
    await assert.rejects(
      vouchWithin(deps, voucher, vouching(within, instance, key)),
      refusal("gone", "instance-ended"),
    );
    const anew = await vouchWithin(deps, voucher, vouching(within, instance, freshKey()));
    await removeEntry(deps, administrator, place);
    assert.equal((await deadAmong(deps, await restsOf(deps, anew.id))).length, 1);
    await endProcesses(deps, host, { attackerInstances: [instance] });
    assert.equal((await findInstance(deps, copy.id))?.status, "ended");
    await assert.rejects(
      vouchWithin(deps, voucher, vouching(within, instance, key)),
      refusal("forbidden", "not-attested"),
    );
  });
});
