import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { MeasuredModel } from "@countersign/host";
import { DigestCache, digestModel, measureModel } from "@countersign/host/measure";
import { envelopeJson, sealEnvelope } from "@countersign/proof/dsse";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { IGNORED, type ModelManifest, signModel } from "@countersign/proof/model-signature";
import { certify } from "../../../proof/svid/test-authority.ts";
import { findEvents, perform } from "../../audit/index.ts";
import { forEachEngine } from "../../audit/test-databases.ts";
import { Fault, minutes } from "../../lib/index.ts";
import {
  type ExampleRegistry,
  exampleAgent,
  exampleRegistry,
  personCaller,
} from "../../registry/test-registry.ts";
import { block, unblock } from "../../revocation/index.ts";
import { passGate } from "../artifacts/pass-gate.ts";
import { attestationMigrations, declareOrigin, judgeArtifacts, judgeModel, putSigner, registerModel, removeSigner, retireModel } from "../index.ts"; // biome-ignore format: one thought

const base = mkdtempSync(join(tmpdir(), "models-"));
after(() => rmSync(base, { recursive: true }));
const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();

/** A folder of weights as somebody downloads it. */
function weights(name: string, content = "weights"): string {
  const folder = join(base, name);
  mkdirSync(join(folder, "shards"), { recursive: true });
  writeFileSync(join(folder, "config.json"), "{}");
  writeFileSync(join(folder, "shards", "1.safetensors"), content);
  return folder;
}

async function manifestOf(
  folder: string,
  more: Partial<ModelManifest["serialization"]> = {},
): Promise<ModelManifest> {
  const { root, resources } = await digestModel(folder);
  const serialization = {
    method: "files",
    hashType: "sha256",
    allowSymlinks: false,
    ignorePaths: IGNORED,
    ...more,
  } as const;
  return { name: "tiny", root, resources, serialization };
}

const reasonIs = (reason: string) => (error: unknown) =>
  error instanceof Fault && error.members.reason === reason;
const codeIs = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

forEachEngine((engine) => {
  let example: ExampleRegistry;
  const lab = ec();
  const auditor = ec();
  before(async () => {
    example = await exampleRegistry(engine, attestationMigrations);
    await exampleAgent(example, { name: "reporter" });
    await signer("lab", lab.publicKey, ["model"]);
    await signer("data-office", auditor.publicKey, ["bom"]);
  });
  after(() => example.close());

  const signer = (name: string, key: KeyObject, purposes: ("model" | "bom" | "image")[]) =>
    putSigner(example.deps, example.administrator, {
      name,
      definition: { purposes, trust: { kind: "key", key: pem(key) } },
    });
  const register = (name: string, bundle: string, signerName = "lab", caller = example.administrator) =>
    registerModel(example.deps, caller, {
      name,
      registration: { bundle: JSON.parse(bundle), signer: signerName },
    });
  const retire = (name: string, root: string) =>
    retireModel(example.deps, example.administrator, { name, root });
  const judge = (model: MeasuredModel) => judgeModel(example.deps, model);
  const signed = async (folder: string, key: KeyObject = lab.privateKey) =>
    signModel(await manifestOf(folder), { key });
  /** How many refusals stand in the log with this reason. */
  const recorded = async (reason: string) => {
    const refused = await findEvents(example.deps.database, { type: "request.refused", limit: 200 });
    return refused.filter(({ body }) => JSON.parse(body).body.details?.reason === reason).length;
  };

  describe("a registered model", () => {
    test("is one that a trusted signer has signed; whoever runs it is told by whose word", async () => {
      const folder = weights("plain");
      const { root, status } = await register("plain", await signed(folder));
      assert.equal(status, "active");
      const measured = await measureModel({ name: "plain", path: folder });
      assert.deepEqual(await judge(measured), [
        { what: "model-signature", subject: `sha256:${root}`, by: "lab", result: "passed" },
      ]);
      const [event] = await findEvents(example.deps.database, { type: "model.registered", limit: 1 });
      const { id: _, ...facts } = JSON.parse(event?.body ?? "{}").body;
      assert.deepEqual(facts, { name: "plain", root, signer: "lab", files: 2 });
    });

    test("with one flipped bit is another one, and gets nothing", async () => {
      const folder = weights("flipped", "\u0000");
      await register("flipped", await signed(folder));
      writeFileSync(join(folder, "shards", "1.safetensors"), "\u0001");
      await assert.rejects(
        judge(await measureModel({ name: "flipped", path: folder })),
        reasonIs("model-changed"),
      );
      await assert.rejects(
        judge(await measureModel({ name: "unheard-of", path: folder })),
        reasonIs("model-unknown"),
      );
    });

    test("whose files are called otherwise is another one, though its root is the same", async () => {
      const folder = weights("named", "n");
      const { root, revision } = await register("named", await signed(folder));
      await judge(await measureModel({ name: "named", path: folder }));
      const swapped = weights(`renamed-${engine.name}`, "n");
      renameSync(join(swapped, "shards"), join(swapped, "shards2"));
      const renamed = await measureModel({ name: "named", path: swapped });
      assert.equal(renamed.root, root);
      await assert.rejects(judge(renamed), reasonIs("model-changed"));
      await assert.rejects(judge({ ...renamed, files: 1 }), reasonIs("model-changed"));
      const again = await register("named", await signed(swapped));
      assert.deepEqual([again.root, again.revision > revision], [root, true]);
      await judge(renamed);
      await assert.rejects(
        judge(await measureModel({ name: "named", path: folder })),
        reasonIs("model-changed"),
      );
    });

    test("may have several versions in use, each until it is retired, and a retired one may come back", async () => {
      const [old, young] = [weights("version-1", "1"), weights("version-2", "2")];
      const first = await register("versions", await signed(old));
      await register("versions", await signed(young));
      const runsOld = await measureModel({ name: "versions", path: old });
      await judge(runsOld);
      await retire("versions", first.root);
      await assert.rejects(judge(runsOld), reasonIs("model-retired"));
      await assert.rejects(retire("versions", first.root), codeIs("conflict"));
      await judge(await measureModel({ name: "versions", path: young }));
      await register("versions", await signed(old));
      await judge(runsOld);
    });

    test("that is blocked is not run and not registered until it is opened", async () => {
      const folder = weights("blocked", "blocked");
      const { root } = await register("blocked", await signed(folder));
      const measured = await measureModel({ name: "blocked", path: folder });
      const { deps, administrator } = example;
      await perform(deps, administrator, "test", (change) =>
        block(deps, change, administrator, `model:sha256:${root}`),
      );
      await assert.rejects(judge(measured), reasonIs("model-blocked"));
      await assert.rejects(register("blocked-again", await signed(folder)), reasonIs("model-blocked"));
      await perform(deps, administrator, "test", (change) => unblock(deps, change, `model:sha256:${root}`));
      await judge(measured);
    });

    test("falls with its signer: one who is removed, has another key, or is trusted for something else", async () => {
      const folder = weights("fallen", "fallen");
      const mine = ec();
      const measured = await measureModel({ name: "fallen", path: folder });
      await signer("vendor", mine.publicKey, ["model"]);
      await register("fallen", await signed(folder, mine.privateKey), "vendor");
      await judge(measured);
      await signer("vendor", mine.publicKey, ["image"]);
      await assert.rejects(judge(measured), reasonIs("model-untrusted"));
      await signer("vendor", ec().publicKey, ["model"]);
      await assert.rejects(judge(measured), reasonIs("model-untrusted"));
      await signer("vendor", mine.publicKey, ["model"]);
      await judge(measured);
      await removeSigner(example.deps, example.administrator, { name: "vendor" });
      await assert.rejects(judge(measured), reasonIs("model-untrusted"));
    });

    test("that was signed with a certificate falls when that expires", async () => {
      const identity = "https://builds.example.com/release";
      const now = example.deps.clock.now();
      const times = { notBefore: now - minutes(1), notAfter: now + minutes(10) };
      const ca = await certify(undefined, { authority: true, subject: "CN=CA", ...times });
      const leaf = await certify(ca, { uris: [identity], purposes: ["1.3.6.1.5.5.7.3.3"], ...times });
      const trust = { kind: "certificate", ca: ca.pem, identity } as const;
      await putSigner(example.deps, example.administrator, {
        name: "pipeline",
        definition: { purposes: ["model"], trust },
      });
      const folder = weights("certified", "certified");
      const bundle = signModel(await manifestOf(folder), { key: leaf.key, chain: [leaf.der] });
      const { expires } = await register("certified", bundle, "pipeline");
      assert.ok(expires !== undefined && Math.abs(expires - times.notAfter) < 1_000);
      const measured = await measureModel({ name: "certified", path: folder });
      await judge(measured);
      const later = { ...example.deps, clock: { now: () => now + minutes(11) } };
      await assert.rejects(judgeModel(later, measured), reasonIs("model-untrusted"));
      await assert.rejects(register("certified", bundle, "lab"), reasonIs("model-signed-by-another"));
    });
  });

  describe("a registration", () => {
    test("is refused, recorded with its reason and without effect, where anything about the signature is wrong", async () => {
      const folder = weights("wrong", "wrong");
      const good = await signed(folder);
      const parts = JSON.parse(good);
      const other = await signed(weights("other", "other"));
      const wrong: readonly (readonly [string, string])[] = [
        ["model-signed-by-another", await signed(folder, ec().privateKey)],
        [
          "model-signature-broken",
          JSON.stringify({
            ...parts,
            dsseEnvelope: { ...parts.dsseEnvelope, payload: JSON.parse(other).dsseEnvelope.payload },
          }),
        ],
        ["model-signature-unreadable", JSON.stringify({ ...parts, mediaType: "application/json" })],
        ["model-signature-unreadable", JSON.stringify({ ...parts, more: 1 })],
        [
          "model-not-measurable",
          signModel(await manifestOf(folder, { ignorePaths: ["shards"] }), { key: lab.privateKey }),
        ],
        [
          "model-not-measurable",
          signModel(await manifestOf(folder, { hashType: "blake3" }), { key: lab.privateKey }),
        ],
      ];
      for (const [reason, bundle] of wrong) {
        const before = await recorded(reason);
        await assert.rejects(register("wrong", bundle), reasonIs(reason));
        assert.equal(await recorded(reason), before + 1);
      }
      await assert.rejects(
        judge(await measureModel({ name: "wrong", path: folder })),
        reasonIs("model-unknown"),
      );
    });

    test("is an administrator's, with a signer who signs models", async () => {
      const bundle = await signed(weights("whose", "whose"));
      await assert.rejects(register("whose", bundle, "stranger"), codeIs("not-found"));
      await assert.rejects(register("whose", bundle, "data-office"), codeIs("not-found"));
      await assert.rejects(
        register("whose", bundle, "lab", personCaller(example.owner)),
        codeIs("forbidden"),
      );
      for (const name of ["<script>", "lab/tiny", ""])
        await assert.rejects(register(name, bundle), codeIs("invalid"));
    });
  });

  describe("what an agent runs", () => {
    const run = (model?: MeasuredModel) =>
      judgeArtifacts(example.deps, { kind: "agent", principal: "reporter" }, { files: [], model });

    test("is the model that its entry names, as it was registered, though nobody demanded one", async () => {
      const folder = weights("run", "run");
      const measured = await measureModel({ name: "run", path: folder });
      assert.deepEqual(
        (await run(measured)).checks.map(({ what }) => what),
        ["model-noted"],
      );
      await register("run", await signed(folder));
      assert.deepEqual((await run(measured)).model, `sha256:${measured.root}`);
      assert.deepEqual(
        (await run(measured)).checks.map(({ what }) => what),
        ["model-signature"],
      );
      writeFileSync(join(folder, "config.json"), '{"temperature":2}');
      await assert.rejects(run(await measureModel({ name: "run", path: folder })), reasonIs("model-changed"));
    });

    test("is the model that its record names, and no other", async () => {
      await exampleAgent(example, { name: "planner", model: "large" });
      const of = { kind: "agent", principal: "planner" } as const;
      const model = await measureModel({ name: "tiny", path: weights("tiny", "tiny") });
      await assert.rejects(
        judgeArtifacts(example.deps, of, { files: [], model }),
        reasonIs("model-not-declared"),
      );
    });

    test("is demanded by its record once one is registered under that name, at the gate as well", async () => {
      await exampleAgent(example, { name: "careful", model: "recorded" });
      const of = { kind: "agent", principal: "careful" } as const;
      const judged = (model?: MeasuredModel) => judgeArtifacts(example.deps, of, { files: [], model });
      const gate = async (more: object = {}) => {
        const asked = { agent: "careful", ...more };
        const { reasons } = await passGate(example.deps, example.administrator, asked);
        return reasons.map(({ reason }) => reason);
      };
      assert.deepEqual([(await judged()).checks, await gate()], [[], []]);
      const folder = weights("recorded", "recorded");
      const measured = await measureModel({ name: "recorded", path: folder });
      await register("recorded", await signed(folder));
      await assert.rejects(judged(), reasonIs("model-required"));
      assert.deepEqual(await gate(), ["model-required"]);
      assert.deepEqual(await gate({ model: { root: measured.root } }), []);
      assert.deepEqual(
        (await judged(measured)).checks.map(({ what }) => what),
        ["model-signature"],
      );
    });

    test("is found out at the next renewal when weights are swapped and their date is set back", async () => {
      const folder = weights("swapped", "");
      const path = join(folder, "shards", "1.safetensors");
      truncateSync(path, 2 * 1024 * 1024);
      await register("swapped", await signed(folder));
      const cache = new DigestCache({ now: () => Date.now() + minutes(1) });
      const renew = async () => run(await measureModel({ name: "swapped", path: folder }, { cache }));
      await renew();
      await renew();
      const reference = join(base, "reference");
      writeFileSync(reference, "");
      const setDate = (to: string, from: string) => spawnSync("touch", ["-r", from, to]);
      const { mtimeNs } = statSync(path, { bigint: true });
      setDate(reference, path);
      writeFileSync(path, Buffer.alloc(2 * 1024 * 1024, 1));
      setDate(path, reference);
      assert.equal(statSync(path, { bigint: true }).mtimeNs, mtimeNs);
      await assert.rejects(renew(), reasonIs("model-changed"));
    });
  });

  describe("a bill of materials", () => {
    const data: JsonObject = {
      ...{
        type: "data",
        "bom-ref": "data-1",
        name: "invoices",
        hashes: [{ alg: "SHA-256", content: "d".repeat(64) }],
      },
      data: [{ type: "dataset", governance: { owners: [{ organization: { name: "Example Data Ltd" } }] } }],
    };
    const documentOf = (
      root: string,
      more: { about?: string; key?: KeyObject; components?: Json[]; predicateType?: string } = {},
    ) => {
      const {
        about = root,
        key = auditor.privateKey,
        components = [data],
        predicateType = "https://cyclonedx.org/bom",
      } = more;
      const card = { modelParameters: { datasets: [{ ref: "data-1" }] } };
      const model = {
        type: "machine-learning-model",
        name: "tiny",
        hashes: [{ alg: "SHA-256", content: root }],
        modelCard: card,
      };
      const statement = {
        ...{
          _type: "https://in-toto.io/Statement/v1",
          subject: [{ name: "tiny", digest: { sha256: about } }],
          predicateType,
        },
        predicate: { bomFormat: "CycloneDX", specVersion: "1.6", components: [model, ...components] },
      };
      return envelopeJson(
        sealEnvelope("application/vnd.in-toto+json", Buffer.from(JSON.stringify(statement)), key),
      );
    };
    const declare = (name: string, root: string, document: JsonObject) =>
      declareOrigin(example.deps, example.administrator, {
        name,
        declaration: { root, document: document as never },
      });

    test("says where a model comes from, once somebody trusted for that has signed it", async () => {
      const folder = weights("origin", "origin");
      const { root } = await register("origin", await signed(folder));
      const { origin } = await declare("origin", root, documentOf(root));
      assert.deepEqual(origin.datasets[0]?.owners, ["Example Data Ltd"]);
      const measured = await measureModel({ name: "origin", path: folder });
      assert.deepEqual(
        (await judge(measured)).map(({ what, by }) => [what, by]),
        [
          ["model-signature", "lab"],
          ["model-origin", "data-office"],
        ],
      );
      await signer("data-office", auditor.publicKey, ["image"]);
      assert.deepEqual(
        (await judge(measured)).map(({ what }) => what),
        ["model-signature"],
      );
      await signer("data-office", auditor.publicKey, ["bom"]);
      const [event] = await findEvents(example.deps.database, { type: "model.origin-declared", limit: 1 });
      assert.doesNotMatch(event?.body ?? "", /Example Data/);
    });

    test("is refused about other weights, by another signer, and where data has no digest or owner", async () => {
      const { root } = await register("incomplete", await signed(weights("incomplete", "incomplete")));
      const wrong: readonly (readonly [string, JsonObject])[] = [
        ["bom-untrusted", documentOf(root, { key: lab.privateKey })],
        ["bom-other-model", documentOf(root, { about: "e".repeat(64) })],
        ["bom-other-model", documentOf("e".repeat(64), { about: root })],
        ["bom-incomplete", documentOf(root, { components: [] })],
        ["bom-incomplete", documentOf(root, { components: [{ ...data, hashes: [] }] })],
        ["bom-incomplete", documentOf(root, { components: [{ ...data, data: [] }] })],
        ["bom-unreadable", documentOf(root, { predicateType: "https://spdx.dev/Document" })],
        ["bom-unreadable", {}],
      ];
      for (const [reason, document] of wrong)
        await assert.rejects(declare("incomplete", root, document), reasonIs(reason), reason);
      await assert.rejects(declare("incomplete", "e".repeat(64), documentOf(root)), codeIs("not-found"));
    });
  });
});
