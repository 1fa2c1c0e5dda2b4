import { createECDH, createPrivateKey, type KeyObject } from "node:crypto";
import { sha256Base64url } from "../digest/index.ts";
import { createDpopProof } from "../dpop/index.ts";
import type { Call, Grant } from "../grant/index.ts";
import { canonicalize } from "../jcs/index.ts";
import { createKeySet, publicJwkOf } from "../jwk/index.ts";
import {
  type HolderJwk,
  mintWarrant,
  type NextLink,
  narrowWarrant,
  type WarrantClaims,
  type WarrantExpectation,
} from "./index.ts";

/** For tests: an issuer, holders with keys that never change, and chains among them. */

export const issuer = "https://as.example.com";
export const resource = "https://mcp.example.com/finance";
export const now = 1_767_225_620_000;
const seconds = now / 1000;

const edPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** An Ed25519 key, the same for the same number. */
export function edKey(number: number): KeyObject {
  const der = Buffer.concat([edPrefix, Buffer.alloc(32, number)]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

/** A P-256 key, the same for the same number. */
export function ecKey(number: number): KeyObject {
  const d = Buffer.alloc(32, number);
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const part = (from: number) => point.subarray(from, from + 32).toString("base64url");
  const jwk = { kty: "EC", crv: "P-256", d: d.toString("base64url"), x: part(1), y: part(33) };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

export function holderOf(key: KeyObject): HolderJwk {
  const { kid: _, ...jwk } = publicJwkOf(key);
  if (jwk.kty === "RSA") throw new Error("no holder has an RSA key");
  return jwk;
}

/** The issuer's keys, one of each kind. */
export const anchors = { "root-ed": edKey(1), "root-ec": ecKey(1) } as const;
export const keys = createKeySet({
  keys: Object.entries(anchors).map(([kid, key]) => ({ ...publicJwkOf(key), kid })),
});

/** Who holds link 0, 1, 2…: kinds alternate. */
export const holders: readonly KeyObject[] = [2, 3, 4, 5, 6, 7, 8, 9].map((number) =>
  number % 2 === 0 ? edKey(number) : ecKey(number),
);
export const holder = (i: number): KeyObject => holders[i] ?? edKey(99);

export const agent = (name: string) => ({
  iss: "spiffe://example.org",
  sub: `spiffe://example.org/agent/${name}/1`,
});
const names = ["planner", "payer", "clerk", "reader", "writer", "sorter", "filer", "sender"];

export const payment: Grant = {
  type: "agent_tool",
  locations: [resource],
  actions: ["tools/call"],
  identifier: "pay_invoice",
  args: {
    amount_cents: { op: "range", min: 1, max: 500_000 },
    dept: { op: "in", values: ["41", "42"] },
    file: { op: "under", path: "/invoices/", optional: true },
  },
};

/** The payment, of at most so much. */
export const upTo = (max: number): Grant => ({
  ...payment,
  args: { ...payment.args, amount_cents: { op: "range", min: 1, max } },
});

export const call: Call = {
  type: "agent_tool",
  location: resource,
  action: "tools/call",
  identifier: "pay_invoice",
  args: { amount_cents: 48_000, dept: "42" },
};

/** The claims of a root for the first holder. */
export const rootClaims = (change: Partial<WarrantClaims> = {}): WarrantClaims => ({
  iss: issuer,
  sub: "person_alice",
  sub_profile: "user",
  aud: [resource],
  iat: seconds - 20,
  exp: seconds + 880,
  jti: "w-0",
  txn: "task_1",
  cnf: { jwk: holderOf(holder(0)) },
  act: agent("planner"),
  del_depth: 0,
  del_max_depth: 7,
  status: { status_list: { idx: 7, uri: "https://as.example.com/statuslists/1" } },
  rev: ["agent:planner#0", "person:person_alice#0"],
  authorization_details: [payment],
  ...change,
});

export const mint = (change: Partial<WarrantClaims> = {}, kid: keyof typeof anchors = "root-ed"): string =>
  mintWarrant(rootClaims(change), { kid, key: anchors[kid] });

/** What the holder of link `i - 1` passes on to the holder of link `i`. */
export const next = (i: number, change: Partial<NextLink> = {}): NextLink => ({
  holder: holderOf(holder(i)),
  act: agent(names[i] ?? "nobody"),
  grants: [upTo(500_000 - i * 10_000)],
  iat: seconds - 20 + i,
  exp: seconds + 880 - i * 10,
  jti: `w-${i}`,
  ...change,
});

/** A chain of so many links, each a little narrower. */
export function chainOf(length: number, kid: keyof typeof anchors = "root-ed"): string[] {
  const chain = [mint({}, kid)];
  for (let i = 1; i < length; i++) chain.push(narrowWarrant(chain, next(i), holder(i - 1)));
  return chain;
}

/** A proof by the holder of the last link, for one call. */
export function prove(
  chain: readonly string[],
  change: Partial<Parameters<typeof createDpopProof>[0]> & { call?: Call } = {},
): string {
  const { call: asked = call, ...more } = change;
  return createDpopProof({
    key: holder(chain.length - 1),
    method: "POST",
    url: resource,
    accessToken: chain.at(-1) ?? "",
    now,
    jti: "p-1",
    tool: asked.identifier,
    argsHash: sha256Base64url(canonicalize(asked.args ?? {})),
    ...more,
  });
}

/** What the gateway in front of the resource insists on. */
export const expected = (change: Partial<WarrantExpectation> = {}): WarrantExpectation => ({
  issuer,
  keys,
  audience: resource,
  method: "POST",
  url: resource,
  now,
  windowSeconds: 60,
  mostLinks: 8,
  call,
  isDead: () => false,
  ...change,
});
