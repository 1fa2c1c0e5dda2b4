import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, it } from "node:test";
import type { MeasuredFile } from "@countersign/host";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { verifyVsa } from "@countersign/proof/statement";
import { VerificationError } from "@countersign/proof/verification-error";
import { certify } from "../../../proof/svid/test-authority.ts";
import { perform } from "../../audit/index.ts";
import { forEachEngine, TEST_EPOCH } from "../../audit/test-databases.ts";
import { type KeyRing, openKeyRing } from "../../keys/index.ts";
import { type Caller, type Code, Fault, hours, nobody, silentLog } from "../../lib/index.ts";
import { findAgent, suspendAgent, suspendPerson } from "../../registry/index.ts";
import {
  type ExampleRegistry,
  eventsOf,
  exampleAgent,
  exampleInstance,
  exampleRegistry,
  personCaller,
} from "../../registry/test-registry.ts";
import { block, unblock } from "../../revocation/index.ts";
import { admitPod } from "../admission/admit.ts";
import { putCluster, removeCluster } from "../admission/cluster.ts";
import { AT_DIGEST, podOf, reviewOf } from "../admission/test-reviews.ts";
import { attestationMigrations, recordEvidence } from "../index.ts";
import { evidenceAfter, evidenceWithId } from "../store-evidence.ts";
import { summarize } from "../summary/summarize.ts";
import { bringImage } from "./bring-image.ts";
import type { Check } from "./check.ts";
import { judgeArtifacts } from "./judge-artifacts.ts";
import { passGate } from "./pass-gate.ts";
import { putRequirement } from "./put-requirement.ts";
import { putEnvironmentRule } from "./put-rule.ts";
import { putSigner, removeSigner } from "./put-signer.ts";
import { reasonOf } from "./refused.ts";
import type { ArtifactsSaid } from "./requirement.ts";
import type { SignerDefinition } from "./signer.ts";
import {
  ANOTHER,
  BUILDER,
  byCertificate,
  byKey,
  CODE_SIGNING,
  CONFIG,
  IMAGE,
  MANIFEST,
  newKey,
  openCompany,
  overManifest,
  pemOf,
  provenanceOf,
  SOURCE,
  signatureOn,
  simpleSigning,
} from "./test-signatures.ts";

const key = newKey();
const by = (pem = pemOf(key)): SignerDefinition["trust"] => ({ kind: "key", key: pem });
const OF = { kind: "agent", principal: "reporter" } as const;
const PROMPT: MeasuredFile = { path: "/srv/prompt.md", role: "prompt", sha256: "1".repeat(64) };

const refused =
  (reason: string, code: Code = "forbidden") =>
  (error: unknown) => {
    assert.ok(error instanceof Fault, String(error));
    assert.deepEqual([error.code, reasonOf(error)], [code, reason]);
    return true;
  };
const invalid = (error: unknown) => error instanceof Fault && error.code === "invalid";

const folder = mkdtempSync(join(tmpdir(), "countersign-keys-"));
let keys: KeyRing;
before(async () => {
  const random = { bytes: (n: number) => new Uint8Array(n) };
  keys = await openKeyRing({ clock: { now: () => TEST_EPOCH }, random, log: silentLog }, folder);
});
after(() => rmSync(folder, { recursive: true }));

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine, attestationMigrations);
    await exampleAgent(example);
  });
  afterEach(() => example.close());

  const trusted = (name = "release", purposes: SignerDefinition["purposes"] = ["image"], trust = by()) => {
    const builders = purposes.includes("provenance") ? [{ id: BUILDER, level: 3 as const }] : [];
    return putSigner(example.deps, example.administrator, {
      name,
      definition: { purposes, trust, builders },
    });
  };
  const declare = (artifacts: ArtifactsSaid) =>
    putRequirement(example.deps, example.administrator, { of: OF, artifacts });
  const bring = (bundles: JsonObject[], more: { digest?: string; manifest?: string } = {}) =>
    bringImage(example.deps, example.administrator, { digest: IMAGE, bundles, ...more } as never);
  const judge = (image: string | undefined = IMAGE, files: MeasuredFile[] = []) =>
    judgeArtifacts(example.deps, OF, { image, files });
  const gate = (more: object = {}) =>
    passGate(example.deps, example.administrator, { agent: "reporter", image: IMAGE, ...more });
  const reasonsOf = ({ reasons }: { reasons: readonly { reason: string }[] }) =>
    reasons.map(({ reason }) => reason);
  const whatOf = ({ checks }: { checks: readonly { what: string }[] }) => checks.map(({ what }) => what);
  const mallory = personCaller("person_mallory");

  it("what nobody declares is noted and carried; what is declared is required from then on", async () => {
    const noted = await judge(IMAGE, [PROMPT]);
    assert.deepEqual(whatOf(noted), ["image-noted", "configuration-noted"]);
    assert.equal(noted.image, IMAGE);
    assert.match(noted.configuration ?? "", /^sha256:/);
    await trusted();
    await declare({ images: { signed_by: ["release"] }, configuration: [PROMPT] });
    await assert.rejects(judgeArtifacts(example.deps, OF, { files: [PROMPT] }), refused("image-required"));
    await assert.rejects(judge(IMAGE, [PROMPT]), refused("image-unsigned"));
    await bring([byKey(signatureOn(), key)]);
    const found = await judge(IMAGE, [PROMPT]);
    assert.deepEqual(whatOf(found), [
      "image-signature",
      "configuration-prompt",
      "configuration-noted",
      "artifacts-declared",
    ]);
    assert.equal(found.configuration, noted.configuration);
    await assert.rejects(judge(ANOTHER, [PROMPT]), refused("image-unsigned"));
    await assert.rejects(judge(IMAGE, []), refused("configuration-missing"));
    const swapped = { ...PROMPT, sha256: "2".repeat(64) };
    await assert.rejects(judge(IMAGE, [swapped]), refused("configuration-changed"));
    await declare({ model: "required" });
    await assert.rejects(judge(), refused("model-required"));
  });

  it("an agent whose artifacts are declared anew must prove itself anew; saying the same again changes nothing", async () => {
    const { deps } = example;
    const instance = await exampleInstance(example, "reporter");
    assert.equal((await findAgent(deps, "reporter"))?.status, "active");
    await declare({ images: { allow: [IMAGE] } });
    const agent = await findAgent(deps, "reporter");
    assert.equal(agent?.status, "unattested");
    assert.ok((await eventsOf(example, "artifacts.declared")).length === 1);
    await declare({ images: { allow: [IMAGE] } });
    assert.deepEqual(await findAgent(deps, "reporter"), agent);
    assert.ok(instance.id);
  });

  it("a signer's word ends with its key, its purpose and its removal, and the rest of its statements with it", async () => {
    const { deps, administrator } = example;
    await trusted();
    await declare({ images: { signed_by: ["release"] } });
    await bring([byKey(signatureOn(), key)]);
    await judge();
    await trusted("release", ["image"], by(pemOf(newKey())));
    await assert.rejects(judge(), refused("image-unsigned"));
    await trusted("release", ["model"]);
    await assert.rejects(judge(), refused("image-unsigned"));
    await trusted();
    await judge();
    await removeSigner(deps, administrator, { name: "release" });
    await assert.rejects(judge(), refused("image-unsigned"));
    await trusted();
    await assert.rejects(judge(), refused("image-unsigned"), "another signer of the same name");
  });

  it("a certificate's word ends with the certificate", async () => {
    const company = await openCompany("https://acme.example/release");
    await trusted("company", ["image"], company.trust as SignerDefinition["trust"]);
    await declare({ images: { signed_by: ["company"] } });
    await bring([byCertificate(signatureOn(), company)]);
    await judge();
    example.deps.clock.advance(hours(1) + 1);
    await assert.rejects(judge(), refused("image-unsigned"));
    await assert.rejects(
      bring([byCertificate(signatureOn(), company)]),
      refused("signature-certificate-expired"),
    );
  });

  it("the same word by a renewed certificate counts until that one ends, and never for shorter", async () => {
    const identity = "https://acme.example/release";
    const until = { notAfter: TEST_EPOCH + hours(9) };
    const ca = await certify(undefined, { authority: true, subject: "CN=acme signing", ...until });
    await trusted("company", ["image"], { kind: "certificate", ca: ca.pem, identity });
    await declare({ images: { signed_by: ["company"] } });
    const renewed = async (notAfter: number) => ({
      leaf: await certify(ca, { uris: [identity], purposes: [CODE_SIGNING], notAfter }),
    });
    const company = await renewed(TEST_EPOCH + hours(1));
    const longer = await renewed(TEST_EPOCH + hours(3));
    const [first] = await bring([byCertificate(signatureOn(), company)]);
    const [second] = await bring([byCertificate(signatureOn(), longer)]);
    assert.deepEqual(second, { ...first, expires: TEST_EPOCH + hours(3) });
    assert.deepEqual(await bring([byCertificate(signatureOn(), company)]), [second]);
    const accepted = (await eventsOf(example, "image-statement.accepted")).map(({ body }) => body);
    assert.deepEqual(
      accepted.map((body) => (body as { expires: number }).expires),
      [first?.expires, second?.expires],
    );
    example.deps.clock.advance(hours(2));
    await judge();
    const last = await renewed(TEST_EPOCH + hours(5));
    const both = [byCertificate(signatureOn(), longer), byCertificate(signatureOn(), last)];
    assert.deepEqual(await bring(both), [{ ...second, expires: TEST_EPOCH + hours(5) }]);
    example.deps.clock.advance(hours(3) + 1);
    await assert.rejects(judge(), refused("image-unsigned"));
  });

  it("signatures are taken in whole or not at all, each once, and never for another digest", async () => {
    await trusted();
    const good = byKey(signatureOn(), key);
    await assert.rejects(bring([good, byKey(signatureOn(), newKey())]), refused("signature-untrusted"));
    await declare({ images: { signed_by: ["release"] } });
    await assert.rejects(judge(), refused("image-unsigned"));
    const [first] = await bring([good, good, byKey(signatureOn(), key)]);
    const again = await bring([good]);
    assert.deepEqual(
      again.map(({ id }) => id),
      [first?.id],
    );
    assert.equal((await eventsOf(example, "image-statement.accepted")).length, 1);
    await assert.rejects(bring([good], { digest: ANOTHER }), refused("signature-wrong-digest"));
    await assert.rejects(bring([simpleSigning(key, ANOTHER)]), refused("signature-wrong-digest"));
    await assert.rejects(bring([{ mediaType: "text/plain" }]), refused("signature-unreadable"));
    await assert.rejects(bring([]), invalid);
    const refusals = await eventsOf(example, "request.refused");
    assert.ok(refusals.length >= 4 && !JSON.stringify(refusals).includes("BEGIN"));
  });

  it("an image is named by its manifest's digest: that of its configuration is another thing", async () => {
    await trusted();
    const manifest = MANIFEST.toString("base64");
    await bring([overManifest(key)], { manifest });
    await assert.rejects(
      bring([overManifest(key)], { manifest, digest: CONFIG }),
      refused("image-config-digest"),
    );
    await assert.rejects(
      bring([overManifest(key)], { manifest, digest: ANOTHER }),
      refused("image-wrong-digest"),
    );
    await assert.rejects(bring([overManifest(key)]), refused("signature-without-manifest"));
    await assert.rejects(bring([overManifest(key)], { manifest: "e30" }), refused("signature-unreadable"));
  });

  it("whoever is blocked by digest is refused in those words, whatever is signed, until it is opened", async () => {
    const { deps, administrator } = example;
    await trusted();
    await bring([byKey(signatureOn(), key)]);
    await judge();
    await perform(deps, administrator, "revocation.order", (change) =>
      block(deps, change, administrator, `image:${IMAGE}`),
    );
    await assert.rejects(judge(), refused("image-blocked"));
    assert.deepEqual(reasonsOf(await gate()), ["image-blocked"]);
    await perform(deps, administrator, "revocation.lift", (change) =>
      unblock(deps, change, `image:${IMAGE}`),
    );
    await judge();
    await perform(deps, administrator, "revocation.order", (change) =>
      block(deps, change, administrator, "class:reporting"),
    );
    assert.deepEqual(reasonsOf(await gate()), ["class-blocked"]);
  });

  it("an environment's rule demands of every agent in it what nobody declared, and of no other", async () => {
    const { deps, administrator } = example;
    const rule = (environment: string, image: boolean, model = false) =>
      putEnvironmentRule(deps, administrator, { environment, rule: { image, model } });
    await rule("staging", true, true);
    await judge();
    await rule("production", true);
    await assert.rejects(judge(), refused("image-unsigned"));
    await assert.rejects(judgeArtifacts(deps, OF, { files: [] }), refused("image-required"));
    await rule("production", false, true);
    await assert.rejects(judge(), refused("model-required"));
    await rule("production", false);
    await judge();
    await assert.rejects(rule("moon", true), invalid);
  });

  it("the gate lets nothing pass that is unsigned, without an owner, suspended or unknown, and says all reasons at once", async () => {
    const { deps, administrator, owner } = example;
    assert.deepEqual(reasonsOf(await gate()), ["image-unsigned"]);
    await trusted();
    const passed = await gate({ signatures: [byKey(signatureOn(), key)] });
    assert.deepEqual([passed.allowed, passed.reasons, whatOf(passed)], [true, [], ["image-signature"]]);
    assert.deepEqual(reasonsOf(await gate({ agent: "nobody-here" })), ["agent-unknown"]);
    const stranger = await gate({ signatures: [byKey(signatureOn(), newKey())] });
    assert.deepEqual([stranger.allowed, reasonsOf(stranger)], [false, ["signature-untrusted"]]);
    await declare({ images: { signed_by: ["release"] }, model: "required" });
    assert.deepEqual(reasonsOf(await gate()), ["model-required"]);
    assert.deepEqual(reasonsOf(await gate({ image: undefined })), ["image-required", "model-required"]);
    await suspendAgent(deps, administrator, { name: "reporter" });
    await suspendPerson(deps, administrator, { id: owner });
    assert.deepEqual(reasonsOf(await gate({ image: ANOTHER })), [
      "agent-suspended",
      "agent-without-owner",
      "image-unsigned",
      "model-required",
    ]);
    const answers = await eventsOf(example);
    const told = answers.filter(({ type }) => type.startsWith("gate."));
    assert.deepEqual(told.map(({ type }) => type).sort(), [
      "gate.passed",
      ...Array<string>(6).fill("gate.refused"),
    ]);
    const known = told.filter(({ about }) => about.agent === "reporter");
    assert.equal(known.length, 6, "an unknown name is nobody's trail");
    await assert.rejects(gate({ image: "reporter:latest" }), invalid);
  });

  it("provenance that was verified counts by what it says, and its level is told", async () => {
    await trusted("builder", ["provenance"]);
    const parameters = { workflow: { ref: "refs/heads/main", path: ".github/workflows/build.yml" } };
    const provenance = { builder: BUILDER, source: SOURCE, parameters, signed_by: ["builder"] };
    await declare({ images: { provenance } });
    assert.deepEqual(reasonsOf(await gate()), ["provenance-missing"]);
    await bring([byKey(provenanceOf(IMAGE, { buildType: "https://evil.example/" }), key)]);
    assert.deepEqual(reasonsOf(await gate()), ["provenance-unknown-build-type"]);
    await bring([byKey(provenanceOf(), key)]);
    const { checks } = await judge();
    assert.equal(checks[0]?.level, 3);
    await assert.rejects(declare({ images: { signed_by: ["builder"] } }), invalid, "not for images");
    await assert.rejects(declare({ images: { signed_by: ["nobody"] } }), invalid);
  });

  it("a cluster asks at an address of its own, gets the gate's answer, and leaves a trace but for dry runs", async () => {
    const { deps, administrator } = example;
    const { url } = await putCluster(deps, administrator, { name: "prod-eu" });
    const secret = url.slice(url.lastIndexOf("/") + 1);
    const ask = async (review: Json, attackerSecret = secret) => {
      const answer = await admitPod(deps, nobody("10.1.2.3"), { attackerSecret, attackerReview: review });
      return answer.response as { uid: string; allowed: boolean; status?: { code: number; message: string } };
    };
    const unsigned = await ask(reviewOf(podOf()));
    assert.deepEqual([unsigned.allowed, unsigned.status?.code], [false, 403]);
    assert.match(unsigned.status?.message ?? "", /image-unsigned/);
    assert.equal(unsigned.uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
    await trusted();
    await bring([byKey(signatureOn(), key)]);
    assert.deepEqual(await ask(reviewOf(podOf())), { uid: unsigned.uid, allowed: true });
    const sidecar = { containers: [{ image: AT_DIGEST }, { image: `sidecar@${ANOTHER}` }] };
    assert.match((await ask(reviewOf(podOf({ spec: sidecar })))).status?.message ?? "", /image-unsigned/);
    const before = (await eventsOf(example)).length;
    assert.equal((await ask(reviewOf(podOf({ image: "reporter:1" }), { dryRun: true }))).allowed, false);
    assert.equal((await ask(reviewOf(podOf({ spec: sidecar }), { dryRun: true }))).allowed, false);
    assert.equal((await eventsOf(example)).length, before);
    assert.match(
      (await ask(reviewOf(podOf({ image: "reporter:1" })))).status?.message ?? "",
      /without-digest/,
    );
    assert.equal((await eventsOf(example)).length, before + 1);
    assert.equal((await ask(reviewOf(podOf(), { kind: { group: "", kind: "Service" } }))).allowed, false);
    assert.equal((await ask(reviewOf(null, { operation: "DELETE" }))).allowed, true);
    const unauthenticated = (error: unknown) => error instanceof Fault && error.code === "unauthenticated";
    for (const wrong of ["", "cs_admission_guess", `${secret}x`, secret.toUpperCase()])
      await assert.rejects(ask(reviewOf(podOf()), wrong), unauthenticated);
    const { url: newer } = await putCluster(deps, administrator, { name: "prod-eu" });
    await assert.rejects(ask(reviewOf(podOf())), unauthenticated, "an earlier address is dead");
    await removeCluster(deps, administrator, { name: "prod-eu" });
    await assert.rejects(ask(reviewOf(podOf()), newer.split("/").at(-1)), unauthenticated);
    assert.ok(!JSON.stringify(await eventsOf(example)).includes(secret), "the address stands nowhere");
  });

  it("what was attested is summarized for strangers, and verified by them with our key alone", async () => {
    const { deps, administrator } = example;
    await trusted();
    await declare({ images: { signed_by: ["release"] } });
    await bring([byKey(signatureOn(), key)]);
    const { checks } = await judge(IMAGE, [PROMPT]);
    const subject = "spiffe://example.org/agent/reporter/instance_1";
    const found = { subject, shown: { image: IMAGE }, checks, concluded: "issued" };
    const id = await perform(deps, administrator, "workload.attest", async (change) =>
      recordEvidence(deps, change, administrator, found),
    );
    const evidence = await evidenceWithId(deps.database, id);
    assert.deepEqual(evidence?.checks, checks);
    const page = { under: "spiffe://example.org/agent/reporter/", limit: 5 };
    assert.deepEqual(await evidenceAfter(deps.database, page), [evidence]);
    assert.deepEqual(await evidenceAfter(deps.database, { ...page, after: `${subject} ${id}` }), []);
    assert.deepEqual(
      await evidenceAfter(deps.database, { ...page, under: "spiffe://example.org/agent/report/" }),
      [],
    );
    const about = { resource: subject, at: deps.clock.now(), checks };
    const [summary, ...others] = summarize({ ...deps, keys }, { ...about, result: "PASSED" });
    assert.ok(summary);
    assert.equal(others.length, 0, "what was only noted has no summary");
    const publicKey = keys.verifier("summary", keys.signer("summary").kid);
    assert.ok(publicKey);
    const expected = { keys: [publicKey], verifier: deps.issuer, sha256: IMAGE.slice(7) };
    const verified = verifyVsa(summary, expected);
    assert.deepEqual(verified.levels, ["SLSA_BUILD_LEVEL_0", "COUNTERSIGN_IMAGE_SIGNED"]);
    assert.equal(verified.inputs.length, 1);
    const other = { ...expected, sha256: ANOTHER.slice(7) };
    assert.throws(() => verifyVsa(summary, other), VerificationError);
    const [failed = null] = summarize(
      { ...deps, keys },
      { ...about, checks: [], digests: [IMAGE], result: "FAILED" },
    );
    assert.throws(() => verifyVsa(failed, expected), { code: "not-permitted" });
    assert.throws(() => summarize({ ...deps, keys }, { ...about, checks: [], result: "PASSED" }), {
      code: "conflict",
    });
  });

  it("a summary of one thing says nothing of another that was attested beside it", () => {
    const [model, prompt] = [`sha256:${"3".repeat(64)}`, `sha256:${"4".repeat(64)}`];
    const checks: Check[] = [
      { what: "image-signature", subject: IMAGE, statement: "5".repeat(64), result: "passed" },
      { what: "image-provenance", subject: IMAGE, level: 3, statement: "6".repeat(64), result: "passed" },
      { what: "model-signature", subject: model, result: "passed" },
      { what: "configuration-noted", subject: prompt, result: "passed" },
      { what: "artifacts-declared", subject: `sha256:${"7".repeat(64)}`, result: "passed" },
    ];
    const about = { resource: "spiffe://example.org/agent/reporter/instance_1", at: TEST_EPOCH, checks };
    const found = summarize({ ...example.deps, keys }, { ...about, result: "PASSED" });
    const publicKey = keys.verifier("summary", keys.signer("summary").kid);
    assert.ok(publicKey);
    const { issuer: verifier } = example.deps;
    const verified = ([IMAGE, model] as const).map((digest, at) =>
      verifyVsa(found[at] ?? null, { keys: [publicKey], verifier, sha256: digest.slice(7) }),
    );
    assert.deepEqual(
      verified.map(({ levels, inputs }) => [levels, inputs.length]),
      [
        [["SLSA_BUILD_LEVEL_3", "COUNTERSIGN_IMAGE_SIGNED"], 2],
        [["SLSA_BUILD_LEVEL_0", "COUNTERSIGN_MODEL_SIGNED"], 0],
      ],
    );
    const crossed = { keys: [publicKey], verifier, sha256: model.slice(7) };
    assert.throws(() => verifyVsa(found[0] ?? null, crossed), { code: "wrong-subject" });
    assert.equal(found.length, 2);
    const noted = checks.slice(3);
    assert.throws(() => summarize({ ...example.deps, keys }, { ...about, checks: noted, result: "PASSED" }), {
      code: "conflict",
    });
  });

  it("only administrators say whose word is taken, what is required, and who may ask", async () => {
    const { deps } = example;
    const definition: SignerDefinition = { purposes: ["image"], trust: by() };
    const attempts = (caller: Caller) => [
      () => putSigner(deps, caller, { name: "evil", definition }),
      () => removeSigner(deps, caller, { name: "release" }),
      () => putRequirement(deps, caller, { of: OF, artifacts: {} }),
      () =>
        putEnvironmentRule(deps, caller, { environment: "production", rule: { image: false, model: false } }),
      () => putCluster(deps, caller, { name: "evil" }),
      () => removeCluster(deps, caller, { name: "evil" }),
    ];
    for (const attempt of attempts(mallory))
      await assert.rejects(attempt, (error) => error instanceof Fault && error.code === "forbidden");
    const { administrator } = example;
    const wrong: unknown[] = [
      { purposes: [], trust: by() },
      { purposes: ["everything"], trust: by() },
      { purposes: ["provenance"], trust: by() },
      { purposes: ["image"], trust: by(), builders: [{ id: BUILDER, level: 1 }] },
      { purposes: ["image"], trust: by("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----") },
      {
        purposes: ["image"],
        trust: by(newKey("secp256k1").export({ type: "pkcs8", format: "pem" }).toString()),
      },
      {
        purposes: ["image"],
        trust: { kind: "certificate", ca: "no certificate", identity: "https://a.example" },
      },
      { purposes: ["image"], trust: { kind: "sigstore", trusted_root: {}, issuer: "", san: "" } },
      { purposes: ["image"], trust: { kind: "anything" } },
    ];
    for (const each of wrong) {
      const said = { name: "wrong", definition: each as SignerDefinition };
      await assert.rejects(putSigner(deps, administrator, said), invalid, JSON.stringify(each));
    }
  });
});
