import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import "reflect-metadata";
import * as peculiar from "@peculiar/x509";
import fc from "fast-check";
import { parseBundle, peekX509Svid, verifyX509Svid } from "../svid/index.ts";
import {
  authorityName,
  authorityToSign,
  certificateOf,
  ecdsaSignature,
  KEY_USAGE,
  type LeafSubject,
  leafIssuer,
  leafToSign,
  readCertificate,
} from "./index.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;
const ID = "spiffe://acme.example/agent/planner/copy-1";

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const spkiOf = (key: KeyObject): Uint8Array => key.export({ format: "der", type: "spki" });
const signed = (toSign: Uint8Array, key: KeyObject): Uint8Array =>
  certificateOf(toSign, ecdsaSignature(sign("sha256", toSign, { key, dsaEncoding: "ieee-p1363" })));

const authority = pair();
const authoritySpki = spkiOf(authority.publicKey);
const life = {
  serial: Uint8Array.of(0x40, ...randomBytes(15)),
  notBefore: NOW - 10_000,
  notAfter: NOW + HOUR,
};
const ROOT = signed(
  authorityToSign({ trustDomain: "acme.example", spki: authoritySpki, ...life, notAfter: NOW + 99 * HOUR }),
  authority.privateKey,
);
const issuer = leafIssuer({ name: authorityName(authoritySpki), spki: authoritySpki });
const workload = pair();
const leaf = (more: Partial<LeafSubject> = {}): Uint8Array =>
  signed(
    leafToSign(issuer, { id: ID, spki: spkiOf(workload.publicKey), ...life, ...more }),
    authority.privateKey,
  );

const bundle = parseBundle({ keys: [{ use: "x509-svid", x5c: [Buffer.from(ROOT).toString("base64")] }] });

/** Made-up leaves of every kind that may be written. */
const LEAVES = fc.record({
  id: fc
    .array(fc.stringMatching(/^[a-zA-Z0-9._-]{1,40}$/), { minLength: 1, maxLength: 20 })
    .filter((segments) => segments.every((each) => each !== "." && each !== ".."))
    .map((segments) => `spiffe://acme.example/${segments.join("/")}`),
  serial: fc.uint8Array({ minLength: 7, maxLength: 15 }).map((rest) => Uint8Array.of(0x40, ...rest)),
  dnsNames: fc.array(fc.domain(), { maxLength: 3 }).map((names) => names.map((name) => name.toLowerCase())),
  notAfter: fc.integer({ min: 1, max: 60 * 24 * 365 * 40 }).map((minutes) => NOW + minutes * 60_000),
});

describe("an X.509-SVID that we write", () => {
  test("is read by ourselves, by Node and by @peculiar/x509 as the same, whatever it is for", () => {
    fc.assert(
      fc.property(LEAVES, (wanted) => {
        const der = leaf(wanted);
        const ours = readCertificate(der);
        const node = new X509Certificate(der);
        const theirs = new peculiar.X509Certificate(der as Uint8Array<ArrayBuffer>);
        assert.equal(peekX509Svid(ours).uri, wanted.id);
        assert.deepEqual(ours.dnsNames, wanted.dnsNames);
        const names = [`URI:${wanted.id}`, ...wanted.dnsNames.map((name) => `DNS:${name}`)];
        assert.equal(node.subjectAltName, names.join(", "));
        const serial = Buffer.from(wanted.serial).toString("hex");
        assert.equal(node.serialNumber.toLowerCase(), serial);
        assert.equal(theirs.serialNumber, serial);
        assert.equal(ours.notAfter, wanted.notAfter);
        assert.equal(theirs.notAfter.getTime(), wanted.notAfter);
        assert.ok(node.verify(authority.publicKey));
      }),
      { numRuns: 60 },
    );
  });

  test("says what the profile demands and nothing else: a critical URI, a key for signatures, both ends, no authority", () => {
    const read = readCertificate(leaf());
    assert.equal(read.subject.length, 2);
    assert.equal(read.namesAreCritical, true);
    assert.deepEqual([...(read.keyUsage ?? [])], [KEY_USAGE.digitalSignature]);
    assert.deepEqual(read.purposes, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    assert.equal(read.authority, false);
    const theirs = new peculiar.X509Certificate(leaf() as Uint8Array<ArrayBuffer>);
    const critical = theirs.extensions.filter((each) => each.critical).map(({ type }) => type);
    assert.deepEqual(Array.from(critical).sort(), ["2.5.29.15", "2.5.29.17", "2.5.29.19"]);
    const [key] = theirs.getExtensions(peculiar.AuthorityKeyIdentifierExtension);
    const [root] = new peculiar.X509Certificate(ROOT as Uint8Array<ArrayBuffer>).getExtensions(
      peculiar.SubjectKeyIdentifierExtension,
    );
    assert.equal(key?.keyId, root?.keyId);
  });

  test("is verified by its authority's bundle until its end, and by no other's", () => {
    const svid = readCertificate(leaf());
    assert.equal(verifyX509Svid(svid, [], { bundle, now: NOW }).expires, NOW + HOUR);
    assert.throws(() => verifyX509Svid(svid, [], { bundle, now: NOW + HOUR + 1 }), { code: "expired" });
    const other = pair();
    const lookalike = signed(
      authorityToSign({ trustDomain: "acme.example", spki: spkiOf(other.publicKey), ...life }),
      other.privateKey,
    );
    const others = parseBundle({
      keys: [{ use: "x509-svid", x5c: [Buffer.from(lookalike).toString("base64")] }],
    });
    assert.throws(() => verifyX509Svid(svid, [], { bundle: others, now: NOW }), { code: "unknown-key" });
  });

  test("is never written for a key that is not P-256 in its one form, a trust domain, a name that is none, or number 0", () => {
    const p256 = spkiOf(workload.publicKey);
    const offCurve = Uint8Array.from(p256);
    offCurve[90] = (offCurve[90] ?? 0) ^ 1;
    const compressed = Buffer.concat([
      Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex"),
      Buffer.from([2]),
      p256.subarray(27, 59),
    ]);
    const wrong: Partial<LeafSubject>[] = [
      { spki: offCurve },
      { spki: compressed },
      { spki: p256.subarray(0, 90) },
      { spki: Buffer.concat([p256, Buffer.of(0)]) },
      { spki: spkiOf(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey) },
      { spki: spkiOf(generateKeyPairSync("ed25519").publicKey) },
      { spki: new Uint8Array() },
      { id: "spiffe://acme.example" },
      { id: "https://acme.example/agent" },
      { id: `${ID}/../x` },
      { dnsNames: ["Acme.example"] },
      { dnsNames: ["*.acme.example"] },
      { dnsNames: ["a..b"] },
      { dnsNames: ["acme.example\0evil"] },
      { dnsNames: ["x".repeat(64)] },
      { serial: new Uint8Array(16) },
      { serial: Uint8Array.of(0x80) },
      { serial: new Uint8Array(21).fill(1) },
      { serial: new Uint8Array() },
    ];
    for (const more of wrong) assert.throws(() => leaf(more), { code: "malformed" }, JSON.stringify(more));
  });

  test("with one byte changed is never taken by us, whatever that byte is, and nothing falls over", () => {
    const der = leaf();
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Uint8Array.from(der);
        changed[at] = (changed[at] ?? 0) ^ by;
        assert.throws(() => verifyX509Svid(readCertificate(changed), [], { bundle, now: NOW }), {
          name: "VerificationError",
        });
      }),
      { numRuns: Number(process.env.COUNTERSIGN_FUZZ_CASES ?? 400) },
    );
  });
});

const openssl = spawnSync("openssl", ["version"]).status === 0;
describe("to OpenSSL", { skip: openssl ? false : "no openssl" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-x509-"));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, ...ders: Uint8Array[]): string => {
    const path = join(folder, name);
    writeFileSync(path, ders.map((der) => new X509Certificate(der).toString()).join(""));
    return path;
  };
  const verify = (...more: string[]): string =>
    execFileSync(
      "openssl",
      ["verify", "-x509_strict", "-attime", String(NOW / 1000), "-CAfile", write("root.pem", ROOT), ...more],
      { encoding: "utf8" },
    );

  test("a leaf is strictly right, for clients and for servers, by a root that is", () => {
    const path = write("leaf.pem", leaf({ dnsNames: ["planner.acme.example"] }));
    assert.match(verify("-purpose", "sslclient", path), /: OK/);
    assert.match(verify("-purpose", "sslserver", path), /: OK/);
    assert.match(verify(join(folder, "root.pem")), /: OK/);
  });
});
