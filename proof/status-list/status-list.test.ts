import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { encodeBase64url } from "../digest/index.ts";
import type { JsonObject } from "../jcs/index.ts";
import { createKeySet, publicJwkOf } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import {
  decodeStatuses,
  encodeStatuses,
  issueStatusList,
  packStatuses,
  requireValidStatus,
  type StatusBits,
  verifyStatusList,
} from "./index.ts";

const uri = "https://auth.example/status/1";
const now = 1_700_000_000_000;
const iat = now / 1000;
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = createKeySet({ keys: [{ ...publicJwkOf(publicKey), kid: "k1" }] });
const signer = { kid: "k1", key: privateKey };
const expected = { uri, keys, now };

/** Places 1 and 2 of eight are invalid and suspended. */
const lst = encodeStatuses(
  packStatuses(2, 8, [
    [1, 1],
    [2, 2],
  ]),
);
const claims = { sub: uri, iat, exp: iat + 60, ttl: 30, status_list: { bits: 2 as const, lst } };
const refuses = (step: () => unknown, code: VerificationCode) =>
  assert.throws(step, { name: "VerificationError", code });
const signed = (payload: JsonObject, typ = "statuslist+jwt") =>
  signCompact({ header: { typ, kid: "k1" }, payload, key: privateKey });
const places = (bits: StatusBits, statuses: number[]) =>
  packStatuses(
    bits,
    statuses.length,
    statuses.map((status, idx) => [idx, status] as const),
  );
/** The list as a verifier sees it, with the most places that are looked at. */
const listed = (bits: StatusBits, text: string) =>
  verifyStatusList(issueStatusList({ ...claims, status_list: { bits, lst: text } }, signer), expected);

test("the specification's own lists are packed, compressed and read as it says", () => {
  const one = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
  assert.equal(Buffer.from(places(1, one)).toString("hex"), "b9a3");
  assert.equal(encodeStatuses(places(1, one)), "eNrbuRgAAhcBXQ");
  const oneBit = listed(1, "eNrbuRgAAhcBXQ");
  assert.deepEqual(
    one.map((_, idx) => oneBit.at(idx)),
    one,
  );
  const two = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
  assert.equal(Buffer.from(places(2, two)).toString("hex"), "c944f9");
  assert.equal(encodeStatuses(places(2, two)), "eNo76fITAAPfAgc");
  const twoBits = listed(2, "eNo76fITAAPfAgc");
  assert.deepEqual(
    two.map((_, idx) => twoBits.at(idx)),
    two,
  );
});

test("the specification's long list has a million places, of which eleven are set", () => {
  const set = [0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1000345];
  const statuses = [1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3];
  const bytes = packStatuses(
    2,
    2 ** 20,
    set.map((idx, i) => [idx, statuses[i] ?? 0] as const),
  );
  assert.equal(bytes.length, 262_144);
  const list = listed(2, encodeStatuses(bytes));
  assert.deepEqual(
    set.map((idx) => list.at(idx)),
    statuses,
  );
  assert.equal(list.at(1), 0);
});

test("what was packed is read back, at every width", () => {
  const width = fc.constantFrom<StatusBits>(1, 2, 4, 8);
  const lists = width.chain((bits) =>
    fc.tuple(fc.constant(bits), fc.array(fc.nat(2 ** bits - 1), { minLength: 1, maxLength: 200 })),
  );
  fc.assert(
    fc.property(lists, ([bits, statuses]) => {
      const bytes = places(bits, statuses);
      assert.deepEqual(new Uint8Array(decodeStatuses(encodeStatuses(bytes), 4096)), bytes);
      const list = listed(bits, encodeStatuses(bytes));
      for (const [idx, status] of statuses.entries()) assert.equal(list.at(idx), status);
    }),
  );
});

test("only a valid status lets a token pass", () => {
  const list = verifyStatusList(issueStatusList(claims, signer), expected);
  const at = (idx: number) => requireValidStatus({ status_list: { idx, uri } }, list, now);
  at(0);
  refuses(() => at(1), "dead");
  refuses(() => at(2), "dead");
  const application = listed(2, encodeStatuses(places(2, [3, 0, 0, 0])));
  refuses(() => requireValidStatus({ status_list: { idx: 0, uri } }, application, now), "dead");
});

test("a place outside the list is no valid one", () => {
  const list = verifyStatusList(issueStatusList(claims, signer), expected);
  for (const idx of [8, 2 ** 40, -1, 0.5, Number.NaN])
    refuses(() => requireValidStatus({ status_list: { idx, uri } }, list, now), "malformed");
});

test("a list that another token names, or that stands at another address, says nothing", () => {
  refuses(
    () => verifyStatusList(issueStatusList({ ...claims, sub: `${uri}0` }, signer), expected),
    "wrong-subject",
  );
  const list = verifyStatusList(issueStatusList(claims, signer), expected);
  refuses(() => requireValidStatus({ status_list: { idx: 0, uri: `${uri}0` } }, list, now), "wrong-subject");
});

test("an old list is refused: by its end, by its ttl, and when it was kept too long", () => {
  const token = issueStatusList(claims, signer);
  refuses(() => verifyStatusList(token, { ...expected, now: now + 60_000 }), "expired");
  verifyStatusList(token, { ...expected, now: now + 59_999 });
  refuses(() => verifyStatusList(token, { ...expected, now: now + 30_000, fetchedAt: now }), "stale");
  const list = verifyStatusList(token, expected);
  const here = { status_list: { idx: 0, uri } };
  requireValidStatus(here, list, now + 29_999);
  refuses(() => requireValidStatus(here, list, now + 30_000), "stale");
  refuses(() => requireValidStatus(here, list, Number.NaN), "stale");
  const kept = verifyStatusList(token, { ...expected, now: now + 50_000, fetchedAt: now + 50_000 });
  refuses(() => requireValidStatus(here, kept, now + 60_000), "stale");
});

test("a few kilobytes that inflate to gigabytes are not inflated", () => {
  const bomb = encodeBase64url(deflateSync(Buffer.alloc(64 * 1024 * 1024)));
  const started = process.memoryUsage().arrayBuffers;
  refuses(() => listed(1, bomb), "too-large");
  assert.ok(process.memoryUsage().arrayBuffers - started < 32 * 1024 * 1024);
  const small = { ...expected, maxBytes: 1 };
  refuses(() => verifyStatusList(issueStatusList(claims, signer), small), "too-large");
});

test("a list that is no zlib stream, or holds more than one, is refused", () => {
  refuses(() => listed(2, "AAAA"), "malformed");
  refuses(() => listed(2, ""), "malformed");
  refuses(() => listed(2, "eNo76fITAAPfAgc="), "not-canonical");
  const twice = Buffer.concat([deflateSync(Buffer.from("c944f9", "hex")), Buffer.from("more")]);
  refuses(() => listed(2, encodeBase64url(twice)), "malformed");
  const cut = deflateSync(Buffer.alloc(1000)).subarray(0, -4);
  refuses(() => listed(2, encodeBase64url(cut)), "malformed");
});

test("every claim must be there and have its type", () => {
  for (const name of ["sub", "iat", "exp", "status_list"] as const) {
    const { [name]: _, ...rest } = claims;
    refuses(() => verifyStatusList(signed(rest as JsonObject), expected), "missing-claim");
  }
  const lists: JsonObject[] = [
    { bits: 3, lst },
    { bits: "2", lst },
    { lst },
    { bits: 2 },
    { bits: 2, lst: 7 },
  ];
  for (const status_list of lists)
    refuses(() => verifyStatusList(signed({ ...claims, status_list }), expected), "malformed");
  refuses(() => verifyStatusList(signed({ ...claims, ttl: "30" }), expected), "malformed");
  refuses(
    () => verifyStatusList(signed({ ...claims, iat: iat + 40, exp: iat + 90 }), expected),
    "not-yet-valid",
  );
});

test("nothing that was signed for another purpose, or by another key, is a status list", () => {
  for (const typ of ["at+jwt", "txntoken+jwt", "JWT"])
    refuses(() => verifyStatusList(signed(claims, typ), expected), "wrong-typ");
  const forged = issueStatusList(claims, { kid: "k1", key: stranger.privateKey });
  refuses(() => verifyStatusList(forged, expected), "bad-signature");
  const unknown = issueStatusList(claims, { kid: "k2", key: stranger.privateKey });
  refuses(() => verifyStatusList(unknown, expected), "unknown-key");
});

test("nothing can be packed that nobody could read", () => {
  assert.throws(() => packStatuses(2, 8, [[8, 1]]), RangeError);
  assert.throws(() => packStatuses(2, 8, [[-1, 1]]), RangeError);
  assert.throws(() => packStatuses(1, 8, [[0, 2]]), RangeError);
});
