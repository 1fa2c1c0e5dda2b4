import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { envelopeJson, sealEnvelope } from "../dsse/index.ts";
import type { Json, JsonObject } from "../jcs/index.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import {
  isAbout,
  PROVENANCE_PREDICATE,
  readProvenance,
  readStatement,
  STATEMENT_PAYLOAD,
  signVsa,
  type VerificationSummary,
  VSA_PREDICATE,
  verifyVsa,
} from "./index.ts";

const SHA = "a".repeat(64);
const statement = (lies: JsonObject = {}): JsonObject => ({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "image", digest: { sha256: SHA } }],
  predicateType: PROVENANCE_PREDICATE,
  predicate: {
    buildDefinition: { buildType: "https://acme.example/type", externalParameters: {} },
    runDetails: { builder: { id: "https://acme.example/builder" } },
  },
  ...lies,
});
const bytes = (json: Json): Uint8Array => Buffer.from(JSON.stringify(json));
const refuses = (code: VerificationCode, step: () => unknown) =>
  assert.throws(step, (error) => error instanceof VerificationError && error.code === code, code);

test("a statement is read with what we do not know passed over, and is about what it names by digest alone", () => {
  const read = readStatement(bytes(statement({ later: "member" })));
  assert.equal(isAbout(read, SHA), true);
  assert.equal(isAbout(read, "b".repeat(64)), false);
  assert.equal(isAbout(read, "image"), false);
  const sha512 = readStatement(bytes(statement({ subject: [{ name: SHA, digest: { sha512: SHA } }] })));
  assert.equal(isAbout(sha512, SHA), false, "another algorithm's digest is another thing");
});

test("a statement that is of another version, about nothing, or ambiguous is refused", () => {
  refuses("wrong-typ", () => readStatement(bytes(statement({ _type: "https://in-toto.io/Statement/v0.1" }))));
  const wrong: JsonObject[] = [
    { subject: [] },
    { subject: [{ name: "image" }] },
    { subject: [{ digest: {} }] },
    { subject: [{ digest: { sha256: SHA.toUpperCase() } }] },
    { subject: [{ digest: { sha256: 7 } }] },
    { subject: "image" },
    { predicateType: 7 },
    { predicate: [] },
  ];
  for (const lie of wrong) refuses("malformed", () => readStatement(bytes(statement(lie))));
  const text = JSON.stringify(statement());
  refuses("malformed", () => readStatement(Buffer.from(text.replace("{", '{"subject":[],'))));
  refuses("malformed", () => readStatement(Buffer.from([0x7b, 0xff, 0x7d])));
  refuses("malformed", () => readStatement(Buffer.from(`\ufeff${text}`)));
});

test("provenance without builder, type or parameters is none", () => {
  const predicate = statement().predicate as JsonObject;
  const definition = predicate.buildDefinition as JsonObject;
  const lies: JsonObject[] = [
    { runDetails: {} },
    { runDetails: { builder: { id: 7 } } },
    { buildDefinition: { ...definition, buildType: 7 } },
    { buildDefinition: { buildType: "https://acme.example/type" } },
    { buildDefinition: { ...definition, resolvedDependencies: {} } },
    { buildDefinition: { ...definition, resolvedDependencies: [{ uri: 7 }] } },
    { buildDefinition: { ...definition, resolvedDependencies: [{ digest: { gitCommit: "HEAD" } }] } },
  ];
  for (const lie of lies) {
    const read = readStatement(bytes(statement({ predicate: { ...predicate, ...lie } })));
    refuses("malformed", () => readProvenance(read));
  }
  refuses("wrong-typ", () =>
    readProvenance(readStatement(bytes(statement({ predicateType: VSA_PREDICATE })))),
  );
  assert.equal(readProvenance(readStatement(bytes(statement()))).builder, "https://acme.example/builder");
});

test("whatever is signed is read or refused, and never crashes", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (predicate, subject) => {
      for (const lie of [{ predicate }, { subject: [subject] }, { subject }] as JsonObject[]) {
        try {
          readProvenance(readStatement(bytes(statement(lie))));
        } catch (error) {
          assert.ok(error instanceof VerificationError, String(error));
        }
      }
    }),
  );
});

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const SUMMARY: VerificationSummary = {
  subject: [{ name: "image", digest: { sha256: SHA } }],
  verifier: "https://countersign.acme.example",
  verified: Date.UTC(2026, 0, 1),
  resource: "spiffe://acme.example/agent/reporter/instance_1",
  policy: { uri: "https://countersign.acme.example/attestation/policy", sha256: "b".repeat(64) },
  inputs: ["c".repeat(64)],
  result: "PASSED",
  levels: ["SLSA_BUILD_LEVEL_3"],
};
const EXPECTED = { keys: [publicKey], verifier: SUMMARY.verifier, sha256: SHA };
const vsa = (lies: Partial<VerificationSummary> = {}): JsonObject =>
  envelopeJson(signVsa({ ...SUMMARY, ...lies }, privateKey));

test("a summary says what was verified, by whom, as what and how, and is read as it was written", () => {
  assert.deepEqual(verifyVsa(vsa(), { ...EXPECTED, resource: SUMMARY.resource }), SUMMARY);
});

test("a summary of a stranger, of another verifier, about another thing, or of a failure is worth nothing", () => {
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  refuses("bad-signature", () => verifyVsa(vsa(), { ...EXPECTED, keys: [stranger] }));
  refuses("bad-signature", () => verifyVsa(vsa(), { ...EXPECTED, keys: [] }));
  refuses("wrong-issuer", () => verifyVsa(vsa(), { ...EXPECTED, verifier: `${SUMMARY.verifier}/` }));
  refuses("wrong-subject", () => verifyVsa(vsa(), { ...EXPECTED, sha256: "b".repeat(64) }));
  refuses("wrong-subject", () =>
    verifyVsa(vsa(), { ...EXPECTED, resource: "spiffe://acme.example/agent/other" }),
  );
  refuses("not-permitted", () => verifyVsa(vsa({ result: "FAILED", levels: ["FAILED"] }), EXPECTED));
  const provenance = envelopeJson(sealEnvelope(STATEMENT_PAYLOAD, bytes(statement()), privateKey));
  refuses("wrong-typ", () => verifyVsa(provenance, EXPECTED));
  const odd = envelopeJson(sealEnvelope("application/json", bytes(statement()), privateKey));
  refuses("wrong-typ", () => verifyVsa(odd, EXPECTED));
});

test("each member of a summary that we rely on must be there, and right", () => {
  const { payload } = signVsa(SUMMARY, privateKey);
  const whole = JSON.parse(Buffer.from(payload).toString()) as JsonObject;
  const predicate = whole.predicate as JsonObject;
  const relied = [
    "verifier",
    "timeVerified",
    "resourceUri",
    "policy",
    "verificationResult",
    "verifiedLevels",
  ];
  for (const member of relied) {
    for (const value of [undefined, 7, "text that is no time", {}, null]) {
      if (member === "resourceUri" && typeof value === "string") continue;
      const changed = { ...whole, predicate: { ...predicate, [member]: value } } as Json;
      const envelope = envelopeJson(sealEnvelope(STATEMENT_PAYLOAD, bytes(changed), privateKey));
      assert.throws(() => verifyVsa(envelope, EXPECTED), VerificationError, `${member} ${value}`);
    }
  }
});
