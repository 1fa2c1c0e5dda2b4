import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { MeasuredFile } from "@countersign/host";
import type { AttestAnswer } from "@countersign/host/upstream";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import { byKey, IMAGE, keyTrust, newKey, signatureOn } from "../attestation/artifacts/test-signatures.ts";
import {
  type ArtifactsSaid,
  admitWorkload,
  bringImage,
  enrol,
  issueJoinToken,
  putEntry,
  putEnvironmentRule,
  putRequirement,
  putSigner,
  requireNothingDemanded,
  vouchWithin,
} from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change, Conflict } from "../database/index.ts";
import { type Caller, Fault, inSeconds, minutes } from "../lib/index.ts";
import { addInstance, agentOrRefuse, findAgent, findInstance, registerService } from "../registry/index.ts";
import { eventsOf, exampleAgent } from "../registry/test-registry.ts";
import { type Blockable, block, deadAmong, unblock } from "../revocation/index.ts";
import { hostState } from "./host-changes.ts";
import { issueJwtSvidForProcess } from "./host-jwt-svids.ts";
import { asking, freshKey, type Hosts, ON_BUILD, openHosts, PLANNER, stranger } from "./test-hosts.ts";

const PROMPT: MeasuredFile = { path: "/srv/planner/prompt.md", role: "prompt", sha256: "1".repeat(64) };
const SWAPPED = { ...PROMPT, sha256: "2".repeat(64) };
const selectors = [...PLANNER, `container:image_digest:${IMAGE}`];

const agentCaller: Caller = {
  principal: "planner",
  kind: "agent",
  strength: "attested-svid",
  via: "access-token",
  roles: [],
};
const refusal = (reason: string) => (error: unknown) =>
  error instanceof Fault && error.code === "forbidden" && error.members.reason === reason;
const outcome = (answer: AttestAnswer | undefined): string | undefined =>
  answer !== undefined && "refused" in answer ? answer.refused.code : answer?.instance;

forEachEngine((engine) => {
  let house: Hosts;
  const proving = (typ: string, token_hash: string) => {
    const [key, iat] = [freshKey(), inSeconds(house.deps.clock.now())];
    const payload = { aud: house.deps.issuer, token_hash, iat, jti: randomUUID() };
    const attackerProof = signCompact({ header: { typ }, payload, key });
    return { attackerJwk: publicJwkOf(key) as Json, attackerProof };
  };
  before(async () => {
    house = await openHosts(engine);
  });
  after(() => house.close());

  test("no process is admitted with an unsigned image, a changed file or a blocked digest, and a renewal that shows one ends", async () => {
    const { deps, administrator } = house;
    const key = newKey();
    const definition = { purposes: ["image" as const], trust: keyTrust(key) as { kind: "key"; key: string } };
    await putSigner(deps, administrator, { name: "release", definition });
    const of = { kind: "agent", principal: "planner" } as const;
    const artifacts = { images: { signed_by: ["release"] }, configuration: [PROMPT] };
    await putRequirement(deps, administrator, { of, artifacts });
    const entry = await house.declare({ files: [{ path: PROMPT.path, role: PROMPT.role }] });
    const { caller } = await house.machine("build-1");
    let pid = 100;
    const attest = async (more: Parameters<typeof asking>[2] = {}, own = freshKey()) => {
      pid += 1;
      const process = { pid, started: `boot:${pid}` };
      const shown = { selectors, files: [PROMPT], process, ...more };
      return outcome((await house.attest(caller, asking(entry.id, own, shown)))[0]);
    };

    assert.equal(await attest(), "image-unsigned");
    assert.equal(await attest({ selectors: PLANNER }), "image-required");
    await bringImage(deps, administrator, { digest: IMAGE, bundles: [byKey(signatureOn(), key)] });
    assert.equal(await attest({ files: [SWAPPED] }), "configuration-changed");

    const own = freshKey();
    const process = { pid: 7, started: "boot:7" };
    const instance = (await attest({ process }, own)) ?? "";
    const record = await findInstance(deps, instance);
    assert.equal(record?.image, IMAGE);
    assert.match(record?.configuration ?? "", /^sha256:/);
    assert.equal(await attest({ process, instance, files: [SWAPPED] }, own), "configuration-changed");
    assert.deepEqual(await deadAmong(deps, [`instance:${instance}`]), [`instance:${instance}`]);

    for (const subject of [`image:${IMAGE}`, `configuration:${record?.configuration}`] as Blockable[]) {
      assert.match((await attest()) ?? "", /^spiffe:/);
      await perform(deps, administrator, "revocation.order", (change) =>
        block(deps, change, administrator, subject),
      );
      assert.equal(await attest(), `${subject.split(":", 1)[0]}-blocked`);
      await perform(deps, administrator, "revocation.lift", (change) => unblock(deps, change, subject));
    }
    const passed = (await eventsOf(house, "attestation.passed"))
      .filter(({ about }) => about.agent === "planner")
      .map(({ body }) => JSON.stringify(body));
    assert.ok(
      passed.every((body) => body.includes("image-signature") && body.includes("artifacts-declared")),
    );
  });

  test("an agent of whom something is demanded comes in by no join token, nor within a process that does not show it", async () => {
    const { deps, administrator } = house;
    const demanding = async (name: string, artifacts: ArtifactsSaid) => {
      await exampleAgent(house, { name });
      await putRequirement(deps, administrator, { of: { kind: "agent", principal: name }, artifacts });
      const said = { vouched_by: ["planner"] };
      await putEntry(deps, administrator, { place: { kind: "agent", principal: name, name: "main" }, said });
      return name;
    };
    const join = async (agent: string) => {
      const { token } = await issueJoinToken(deps, administrator, { agent });
      return enrol(deps, stranger, { attackerToken: token, ...proving("enrol+jwt", sha256Base64url(token)) });
    };
    const boxed = await demanding("boxed", { images: { allow: [IMAGE] } });
    const elsewhere = await demanding("elsewhere", { images: { allow: [`sha256:${"e".repeat(64)}`] } });
    const modelled = await demanding("modelled", { model: "required" });
    const prompted = await demanding("prompted", { configuration: [PROMPT] });
    await exampleAgent(house, { name: "ruled", environment: "staging" });
    assert.equal((await join("ruled")).principal, "ruled");
    const rule = (image: boolean) =>
      putEnvironmentRule(deps, administrator, { environment: "staging", rule: { image, model: false } });
    await rule(true);

    for (const [agent, reason] of [
      [boxed, "image-required"],
      [modelled, "model-required"],
      [prompted, "configuration-missing"],
      ["ruled", "image-required"],
    ] as const) {
      await assert.rejects(join(agent), refusal(reason));
      if (agent !== "ruled") assert.equal((await findAgent(deps, agent))?.status, "registered");
    }
    await rule(false);

    await putRequirement(deps, administrator, {
      of: { kind: "agent", principal: "planner" },
      artifacts: {},
    });
    const entry = await house.declare({ files: [{ path: PROMPT.path, role: PROMPT.role }] }, "vouching");
    const { caller } = await house.machine("build-4");
    const attested = async (pid: number, seen: readonly string[]) => {
      const shown = { selectors: seen, files: [PROMPT], process: { pid, started: "boot:1" } };
      const instance = outcome((await house.attest(caller, asking(entry.id, freshKey(), shown)))[0]) ?? "";
      return { ...agentCaller, instance };
    };
    const vouch = (voucher: Caller, agent: string) => {
      const token = sha256Base64url(canonicalize({ voucher: voucher.instance ?? "", agent }));
      return vouchWithin(deps, voucher, { agent, ...proving("vouch+jwt", token) });
    };
    const [bare, contained] = [await attested(21, PLANNER), await attested(22, selectors)];
    await assert.rejects(vouch(bare, boxed), refusal("image-required"));
    await assert.rejects(vouch(contained, elsewhere), refusal("image-not-allowed"));
    await assert.rejects(vouch(contained, modelled), refusal("model-required"));
    await assert.rejects(vouch(contained, prompted), refusal("configuration-missing"));
    const copy = await vouch(contained, boxed);
    const process = await findInstance(deps, contained.instance);
    assert.deepEqual([copy.image, copy.configuration], [IMAGE, process?.configuration]);
    assert.match(copy.configuration ?? "", /^sha256:/);
  });

  test("what is blocked gets no JWT-SVID any more, and its host is told to let it go", async () => {
    const { deps, administrator, owner } = house;
    const service = await registerService(deps, administrator, { name: "ledger", owner, resources: [] });
    const said = { selectors: PLANNER, hosts: ON_BUILD, files: [{ path: PROMPT.path, role: PROMPT.role }] };
    const served = await putEntry(deps, administrator, {
      place: { kind: "service", principal: service.id, name: "main" },
      said,
    });
    await exampleAgent(house, { name: "blockable" });
    const entry = await house.declare(said, "main", "blockable");
    const { caller } = await house.machine("build-5");
    const attested = async (id: string, pid: number) => {
      const shown = { selectors, files: [PROMPT], process: { pid, started: "boot:1" } };
      return outcome((await house.attest(caller, asking(id, freshKey(), shown)))[0]) ?? "";
    };
    const [agent, ledger] = [await attested(entry.id, 31), await attested(served.id, 32)];
    const jwt = (attackerInstance: string) =>
      issueJwtSvidForProcess(deps, caller, { attackerInstance, attackerAudience: ["reports"] });
    const { configuration } = (await findInstance(deps, agent)) ?? {};
    for (const [subject, hit] of [
      ["class:reporting", [agent]],
      [`image:${IMAGE}`, [agent, ledger]],
      [`configuration:${configuration}`, [agent, ledger]],
    ] as [Blockable, string[]][]) {
      assert.deepEqual((await hostState(deps, caller)).ended, []);
      const { revision } = await hostState(deps, caller);
      await perform(deps, administrator, "revocation.order", (change) =>
        block(deps, change, administrator, subject),
      );
      const now = await hostState(deps, caller);
      assert.deepEqual([now.ended, now.revision === revision], [[...hit].sort(), false], subject);
      for (const each of hit)
        await assert.rejects(jwt(each), refusal(`${subject.split(":", 1)[0]}-blocked`), subject);
      await perform(deps, administrator, "revocation.lift", (change) => unblock(deps, change, subject));
      for (const each of hit) assert.equal(typeof (await jwt(each)).svid, "string");
    }
  });

  test("a process that is attested while something is demanded anew is judged by that", async () => {
    const { deps, administrator, owner } = house;
    const { id } = await registerService(deps, administrator, { name: "racing", owner, resources: [] });
    const of = { kind: "service", principal: id } as const;
    const said = { selectors: PLANNER, hosts: ON_BUILD };
    const entry = await putEntry(deps, administrator, { place: { ...of, name: "main" }, said });
    const { caller } = await house.machine("build-6");
    const coming = async (pid: number) => {
      const change = new Change(deps.database);
      await admitWorkload(
        deps,
        change,
        caller,
        asking(entry.id, freshKey(), { process: { pid, started: "b:1" } }),
      );
      return change;
    };
    await deps.database.commit(await coming(41));
    for (const digit of ["1", "2"]) {
      const change = await coming(42);
      const allow = [`sha256:${digit.repeat(64)}`];
      await putRequirement(deps, administrator, { of, artifacts: { images: { allow } } });
      await assert.rejects(deps.database.commit(change), Conflict);
      await putRequirement(deps, administrator, { of, artifacts: {} });
    }
  });

  test("whoever comes in while something is demanded anew is judged by that", async () => {
    const { deps, administrator } = house;
    const { name } = await exampleAgent(house, { name: "racing" });
    const artifacts = (allowed: string) => ({ images: { allow: [`sha256:${allowed.repeat(64)}`] } });
    const demand = (said: ArtifactsSaid) =>
      putRequirement(deps, administrator, { of: { kind: "agent", principal: name }, artifacts: said });
    const rule = (image: boolean) =>
      putEnvironmentRule(deps, administrator, { environment: "staging", rule: { image, model: false } });
    const judged = async () => {
      const change = new Change(deps.database);
      await requireNothingDemanded(deps, change, { agent: await agentOrRefuse(deps, name) });
      return change;
    };
    for (const meanwhile of [() => rule(true), () => rule(false), () => demand(artifacts("1"))]) {
      await deps.database.commit(await judged());
      const change = await judged();
      await meanwhile();
      await assert.rejects(deps.database.commit(change), Conflict);
    }
    await demand({});
    const agent = await agentOrRefuse(deps, name);
    const coming = new Change(deps.database);
    await addInstance(deps, coming, administrator, {
      of: { agent },
      jwk: publicJwkOf(freshKey()),
      strength: "enrolled-key",
      expires: deps.clock.now() + minutes(5),
      evidence: "none",
    });
    await demand(artifacts("2"));
    await assert.rejects(deps.database.commit(coming), Conflict);
  });

  test("a file that nobody pinned and that changed under a running copy makes it another one", async () => {
    const { deps, administrator } = house;
    const of = { kind: "agent", principal: "planner" } as const;
    await putRequirement(deps, administrator, { of, artifacts: {} });
    const entry = await house.declare({ files: [{ path: PROMPT.path, role: PROMPT.role }] }, "noted");
    const { caller } = await house.machine("build-3");
    const [own, process] = [freshKey(), { pid: 11, started: "boot:11" }];
    const attest = async (more: object) =>
      outcome((await house.attest(caller, asking(entry.id, own, { selectors, process, ...more })))[0]);
    const instance = (await attest({ files: [PROMPT] })) ?? "";
    assert.equal(await attest({ instance, files: [PROMPT] }), instance);
    assert.equal(await attest({ instance, files: [SWAPPED] }), "material-changed");
    assert.deepEqual(await deadAmong(deps, [`instance:${instance}`]), [`instance:${instance}`]);
  });

  test("what is declared anew ends every copy at once, and the next one must be as declared now", async () => {
    const { deps, administrator } = house;
    const of = { kind: "agent", principal: "planner" } as const;
    await putRequirement(deps, administrator, { of, artifacts: {} });
    const entry = await house.declare({}, "other");
    const { caller } = await house.machine("build-2");
    const [own, process] = [freshKey(), { pid: 8, started: "boot:8" }];
    const attest = async (more: object) =>
      outcome((await house.attest(caller, asking(entry.id, own, { selectors, process, ...more })))[0]);
    const instance = (await attest({})) ?? "";
    await putRequirement(deps, administrator, {
      of,
      artifacts: { images: { allow: [`sha256:${"d".repeat(64)}`] } },
    });
    assert.deepEqual(await deadAmong(deps, [`instance:${instance}`]), [`instance:${instance}`]);
    assert.equal((await findAgent(deps, "planner"))?.status, "unattested");
    assert.notEqual(await attest({ instance }), instance);
    const [fresh, next] = [freshKey(), { pid: 9, started: "boot:9" }];
    const again = await house.attest(caller, asking(entry.id, fresh, { selectors, process: next }));
    assert.equal(outcome(again[0]), "image-not-allowed");
    await putRequirement(deps, administrator, { of, artifacts: { images: { allow: [IMAGE] } } });
    const [last] = await house.attest(caller, asking(entry.id, fresh, { selectors, process: next }));
    assert.match(outcome(last) ?? "", /^spiffe:/);
    assert.equal((await findAgent(deps, "planner"))?.status, "active");
  });
});
