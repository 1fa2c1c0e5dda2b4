/**
 * Issuing an X.509-SVID from a public key: our own writer, the key checked to be a point on its curve each time,
 * beside @peculiar/x509 with its key imported beforehand and every extension that is the same in all leaves made
 * once. Both sign with a key of P-256 in this process, both answer by a promise, taking turns; what counts is what
 * they compute.
 */
import assert from "node:assert/strict";
import {
  createHash,
  type createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import "reflect-metadata";
import {
  authorityName,
  authorityToSign,
  certificateOf,
  leafIssuer,
  leafToSign,
} from "@countersign/proof/x509";
import * as peculiar from "@peculiar/x509";
import type { Figures } from "./run.ts";

const ROUNDS = 9;
const ROUND_SECONDS = 0.3;
const HOUR = 3_600_000;
const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const ID = "spiffe://acme.example/agent/planner/copy-1";

type Issue = () => Promise<Uint8Array>;

export async function run(): Promise<Figures> {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const workload = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = workload.publicKey.export({ format: "der", type: "spki" });
  const ours = oursBy(authority, spki);
  const theirs = await theirsBy(authority, spki);
  for (const issue of [ours, theirs]) await requireSvid(issue, authority.publicKey);
  const rates = await takingTurns(ours, theirs);
  return {
    ratio: Math.round((rates.ours / rates.theirs) * 10) / 10,
    oursPerSecond: Math.round(rates.ours),
    peculiarPerSecond: Math.round(rates.theirs),
    rounds: ROUNDS,
  };
}

type Pair = ReturnType<typeof generateKeyPairSync>;

const life = () => ({ notBefore: Date.now() - 10_000, notAfter: Date.now() + HOUR });

function oursBy(
  { privateKey, publicKey }: { privateKey: Pair["privateKey"] } & Pair,
  spki: Uint8Array,
): Issue {
  const authoritySpki = publicKey.export({ format: "der", type: "spki" });
  const issuer = leafIssuer({ name: authorityName(authoritySpki), spki: authoritySpki });
  const serial = () => Uint8Array.of(0x40, ...randomBytes(15));
  // An authority of our own would be issued so, too: once, and not measured.
  assert.ok(
    authorityToSign({ trustDomain: "acme.example", spki: authoritySpki, serial: serial(), ...life() }),
  );
  return async () => {
    const toSign = leafToSign(issuer, { id: ID, spki, serial: serial(), ...life() });
    return certificateOf(toSign, sign("sha256", toSign, privateKey));
  };
}

async function theirsBy({ privateKey, publicKey }: Pair, spki: Uint8Array): Promise<Issue> {
  const { subtle } = crypto;
  const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" });
  const signingKey = await subtle.importKey("pkcs8", pkcs8, P256, false, ["sign"]);
  const subjectKey = await subtle.importKey("spki", new Uint8Array(spki), P256, true, ["verify"]);
  const keyIdOf = (der: Uint8Array) =>
    createHash("sha256").update(der.subarray(-65)).digest("hex").slice(0, 40);
  const same = [
    new peculiar.BasicConstraintsExtension(false, undefined, true),
    new peculiar.KeyUsagesExtension(peculiar.KeyUsageFlags.digitalSignature, true),
    new peculiar.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]),
    new peculiar.AuthorityKeyIdentifierExtension(
      keyIdOf(publicKey.export({ format: "der", type: "spki" }) as Uint8Array),
    ),
  ];
  return async () => {
    const { notBefore, notAfter } = life();
    const certificate = await peculiar.X509CertificateGenerator.create({
      serialNumber: randomBytes(16).toString("hex"),
      issuer: "O=Countersign, CN=Authority",
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: P256,
      publicKey: subjectKey,
      signingKey,
      extensions: [
        ...same,
        new peculiar.SubjectKeyIdentifierExtension(keyIdOf(spki)),
        new peculiar.SubjectAlternativeNameExtension([{ type: "url", value: ID }], true),
      ],
    });
    return new Uint8Array(certificate.rawData);
  };
}

/** Both make the same thing: an SVID that the authority's key has signed. */
async function requireSvid(issue: Issue, authority: ReturnType<typeof createPublicKey>): Promise<void> {
  const certificate = new X509Certificate(await issue());
  assert.ok(certificate.verify(authority));
  assert.equal(certificate.subjectAltName, `URI:${ID}`);
}

/** Leaves in a second of computing: the median of as many rounds, in each of which both have a turn. */
async function takingTurns(ours: Issue, theirs: Issue): Promise<{ ours: number; theirs: number }> {
  const rates = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const [one, other] = [await rateOf(ours), await rateOf(theirs)];
    if (round === 0) continue;
    rates.ours.push(one);
    rates.theirs.push(other);
  }
  return { ours: median(rates.ours), theirs: median(rates.theirs) };
}

/** By what this process has computed, in all of its threads: other work on the machine does not count. */
async function rateOf(issue: Issue): Promise<number> {
  const began = process.cpuUsage();
  const computed = (): number => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1_000_000;
  };
  let made = 0;
  while (computed() < ROUND_SECONDS) {
    for (let i = 0; i < 5; i++) await issue();
    made += 5;
  }
  return made / computed();
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
