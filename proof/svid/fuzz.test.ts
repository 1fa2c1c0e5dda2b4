/**
 * Whatever strangers send in place of an SVID or a bundle: nothing falls over, and nothing is taken that the
 * authority has not signed. For a night: COUNTERSIGN_FUZZ_CASES=1000000 node --test proof/svid/fuzz.test.ts
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import type { Json } from "../jcs/index.ts";
import { parseSpiffeId } from "../spiffe-id/index.ts";
import { VerificationError } from "../verification-error.ts";
import { readCertificate } from "../x509/index.ts";
import { parseBundle, peekX509Svid, type TrustBundle, verifyJwtSvid, verifyX509Svid } from "./index.ts";
import { type Authority, certify, jwtSvidBy, openAuthority, TEST_EPOCH } from "./test-authority.ts";

const numRuns = Number(process.env.COUNTERSIGN_FUZZ_CASES ?? 300);
const ID = "spiffe://acme.example/agent/planner/copy-1";
const AUDIENCE = "https://countersign.example";

type Mutation = { kind: "flip" | "drop" | "double" | "insert" | "cut"; at: number; with: number };
const MUTATIONS = fc.array(
  fc.record<Mutation>({
    kind: fc.constantFrom("flip", "flip", "flip", "drop", "double", "insert", "cut"),
    at: fc.nat(0xffff),
    with: fc.nat(255),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutated(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  let now: number[] = [...bytes];
  for (const mutation of mutations) {
    const at = now.length === 0 ? 0 : mutation.at % now.length;
    if (mutation.kind === "flip") now[at] = (now[at] ?? 0) ^ mutation.with;
    else if (mutation.kind === "drop") now.splice(at, 1);
    else if (mutation.kind === "insert") now.splice(at, 0, mutation.with);
    else if (mutation.kind === "double") now.splice(at, 0, ...now.slice(at, at + mutation.with));
    else now = now.slice(0, at);
  }
  return Uint8Array.from(now);
}

/** What it gives; or nothing where it refuses, which it does in one way only. */
function unlessRefused<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    assert.ok(error instanceof VerificationError, String(error));
    return undefined;
  }
}

describe("mutated", () => {
  let authority: Authority;
  let bundle: TrustBundle;
  let leaf: Uint8Array;
  let jwt: string;
  before(async () => {
    authority = await openAuthority("acme.example");
    bundle = parseBundle(authority.bundle);
    leaf = (await certify(authority.root, { uris: [ID], dnsNames: ["planner.acme.example"] })).der;
    jwt = jwtSvidBy(authority, { sub: ID, aud: AUDIENCE });
  });

  test("certificates are refused, and none is taken that Node would not verify, too", () => {
    const verify = (der: Uint8Array) => verifyX509Svid(readCertificate(der), [], { bundle, now: TEST_EPOCH });
    assert.equal(verify(leaf).id.uri, ID);
    fc.assert(
      fc.property(MUTATIONS, (mutations) => {
        const attackerDer = mutated(leaf, mutations);
        const taken = unlessRefused(() => verify(attackerDer));
        if (taken === undefined) return;
        assert.equal(taken.id.uri, ID);
        assert.ok(new X509Certificate(attackerDer).verify(new X509Certificate(authority.root.der).publicKey));
        assert.deepEqual(Buffer.from(attackerDer), Buffer.from(leaf));
      }),
      { numRuns },
    );
  });

  test("certificates that we read say the same to us as to Node", () => {
    fc.assert(
      fc.property(MUTATIONS, (mutations) => {
        const attackerDer = mutated(leaf, mutations);
        const read = unlessRefused(() => readCertificate(attackerDer));
        if (read === undefined) return;
        const node = new X509Certificate(attackerDer);
        assert.equal(read.notBefore, node.validFromDate.getTime());
        assert.equal(read.notAfter, node.validToDate.getTime());
        assert.equal(read.authority, node.ca);
        const id = unlessRefused(() => peekX509Svid(read));
        if (id !== undefined) assert.ok(node.subjectAltName?.includes(`URI:${id.uri}`));
      }),
      { numRuns },
    );
  });

  test("JWT-SVIDs are refused, every one", () => {
    const verify = (svid: string) => verifyJwtSvid(svid, { bundle, audience: AUDIENCE, now: TEST_EPOCH });
    assert.equal(verify(jwt).id.uri, ID);
    fc.assert(
      fc.property(MUTATIONS, (mutations) => {
        const attackerSvid = Buffer.from(mutated(Buffer.from(jwt), mutations)).toString("latin1");
        if (attackerSvid !== jwt)
          assert.equal(
            unlessRefused(() => verify(attackerSvid)),
            undefined,
          );
      }),
      { numRuns },
    );
  });

  test("bundles are refused or read, and what is read holds no key that was not in them", () => {
    const text = Buffer.from(JSON.stringify(authority.bundle));
    fc.assert(
      fc.property(MUTATIONS, (mutations) => {
        const attackerBundle = jsonIn(mutated(text, mutations));
        if (attackerBundle === undefined) return;
        const read = unlessRefused(() => parseBundle(attackerBundle));
        for (const root of read?.roots ?? [])
          assert.ok(JSON.stringify(attackerBundle).includes(Buffer.from(root.raw).toString("base64")));
      }),
      { numRuns },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (attackerJson) => {
        unlessRefused(() => parseBundle(attackerJson as Json));
        unlessRefused(() => parseBundle({ keys: [attackerJson as Json] }));
      }),
      { numRuns },
    );
  });

  test("SPIFFE IDs are refused or are exactly what the specification's grammar makes", () => {
    const grammar = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/(?!\.{1,2}(\/|$))[a-zA-Z0-9._-]+)*$/;
    const near = fc.oneof(
      MUTATIONS.map((mutations) => Buffer.from(mutated(Buffer.from(ID), mutations)).toString("latin1")),
      fc.stringMatching(/^spiffe:\/\/[a-zA-Z0-9._%:@?#/-]{0,40}$/),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(near, (attackerId) => {
        const read = unlessRefused(() => parseSpiffeId(attackerId));
        assert.equal(read !== undefined, grammar.test(attackerId) && attackerId.length <= 2048, attackerId);
        if (read !== undefined) assert.equal(`spiffe://${read.trustDomain}${read.path}`, attackerId);
      }),
      { numRuns },
    );
  });
});

function jsonIn(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
