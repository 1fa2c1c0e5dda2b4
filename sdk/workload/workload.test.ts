import assert from "node:assert/strict";
import { before, test } from "node:test";
import fc from "fast-check";
import { certify } from "../../proof/svid/test-authority.ts";
import { CountersignError, Unreachable } from "../errors.ts";
import { type TestDomain, testDomain } from "../mutual-tls/test-workload.ts";
import { endpointAddress } from "./endpoint.ts";
import { readState, type X509Message } from "./x509-state.ts";

const ID = "spiffe://acme.example/agent/planner/one";
let acme: TestDomain;
let other: TestDomain;
let good: X509Message;
before(async () => {
  [acme, other] = await Promise.all([testDomain("acme.example"), testDomain("other.example")]);
  const leaf = await certify(acme.root, {
    uris: [ID],
    notBefore: Date.now() - 10_000,
    notAfter: Date.now() + 60_000,
  });
  const svid = {
    spiffe_id: ID,
    x509_svid: leaf.der,
    x509_svid_key: leaf.key.export({ type: "pkcs8", format: "der" }),
    bundle: Buffer.concat([acme.root.der, other.root.der]),
    hint: "",
  };
  good = { svids: [svid], federated_bundles: { "spiffe://other.example": other.root.der } };
});

test("a Workload API is named as SPIFFE says, and nothing else is taken for one", () => {
  const known: [string, string][] = [
    ["unix:///run/w.sock", "unix:/run/w.sock"],
    ["unix:/run/w.sock", "unix:/run/w.sock"],
    ["tcp://127.0.0.1:8000", "127.0.0.1:8000"],
    ["tcp://[::1]:8000", "[::1]:8000"],
  ];
  for (const [said, address] of known) assert.equal(endpointAddress(said), address);
  for (const wrong of [
    "",
    "/run/w.sock",
    "unix://",
    "unix://host/run/w.sock",
    "unix:///run/w.sock?x",
    "tcp://localhost:8000",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:70000",
    "tcp://127.0.0.1:8000/path",
    "https://127.0.0.1:8000",
  ])
    assert.throws(() => endpointAddress(wrong), CountersignError, wrong);
});

test("a state is read with each trust domain's roots by themselves", () => {
  const { svids, bundles } = readState(good);
  assert.equal(svids[0].id, ID);
  assert.equal(svids[0].hint, undefined);
  assert.deepEqual(
    [...bundles].map(([domain, { roots }]) => [domain, roots.length]),
    [
      ["other.example", 1],
      ["acme.example", 2],
    ],
  );
});

test("a bundle that another domain's name is given to does not take the place of our own", () => {
  const hostile = { ...good, federated_bundles: { "spiffe://acme.example": other.root.der } };
  assert.equal(readState(hostile).bundles.get("acme.example")?.roots.length, 2);
});

test("what is missing or does not belong together is no state", () => {
  const [svid] = good.svids;
  assert(svid);
  const spoilt = [
    { ...svid, spiffe_id: "" },
    { ...svid, spiffe_id: "spiffe://acme.example/agent/other/one" },
    { ...svid, x509_svid: Buffer.alloc(0) },
    { ...svid, x509_svid: acme.root.der },
    { ...svid, x509_svid_key: Buffer.alloc(0) },
    { ...svid, x509_svid_key: acme.root.key.export({ type: "pkcs8", format: "der" }) },
    { ...svid, bundle: svid.bundle.subarray(0, 100) },
  ];
  for (const one of spoilt) assert.throws(() => readState({ ...good, svids: [one] }), Unreachable);
  assert.throws(() => readState({ ...good, svids: [] }), Unreachable);
  const names = ["other.example", "spiffe://", "spiffe://Other.example"];
  for (const name of names)
    assert.throws(() => readState({ ...good, federated_bundles: { [name]: other.root.der } }), Unreachable);
});

test("whatever bytes come, they are read or refused, and nothing else happens", () => {
  const [svid] = good.svids;
  assert(svid);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(svid.x509_svid.length), (bytes, at) => {
      const hostile = Buffer.concat([svid.x509_svid.subarray(0, at), bytes]);
      try {
        readState({ ...good, svids: [{ ...svid, x509_svid: hostile }] });
      } catch (error) {
        assert.ok(error instanceof Unreachable);
      }
    }),
    { numRuns: 200 },
  );
});
