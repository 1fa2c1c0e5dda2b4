import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MeasuredFile } from "@countersign/host";
import type { AttestAnswer } from "@countersign/host/upstream";
import { byKey, IMAGE, keyTrust, newKey, signatureOn } from "../attestation/artifacts/test-signatures.ts";
import { bringImage, putRequirement, putSigner } from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { findAgent, findInstance } from "../registry/index.ts";
import { eventsOf } from "../registry/test-registry.ts";
import { type Blockable, block, deadAmong, unblock } from "../revocation/index.ts";
import { asking, freshKey, type Hosts, openHosts, PLANNER } from "./test-hosts.ts";

const PROMPT: MeasuredFile = { path: "/srv/planner/prompt.md", role: "prompt", sha256: "1".repeat(64) };
const SWAPPED = { ...PROMPT, sha256: "2".repeat(64) };
const selectors = [...PLANNER, `container:image_digest:${IMAGE}`];

const outcome = (answer: AttestAnswer | undefined): string | undefined =>
  answer !== undefined && "refused" in answer ? answer.refused.code : answer?.instance;

forEachEngine((engine) => {
  let house: Hosts;
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
