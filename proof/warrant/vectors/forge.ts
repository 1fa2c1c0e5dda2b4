import { createPublicKey, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { encodeBase64url } from "../../digest/index.ts";
import type { createDpopProof } from "../../dpop/index.ts";
import type { Call } from "../../grant/index.ts";
import { canonicalize, type Json, type JsonObject } from "../../jcs/index.ts";
import { algorithmOf } from "../../jwk/index.ts";
import { signBytes, verifyCompactBytes } from "../../jws/index.ts";
import { anchors, holder, mint, next, prove } from "../fixture.ts";
import { type NextLink, narrowWarrant, readLink, type WarrantClaims } from "../index.ts";

/** Links for the vectors: honest ones, and such as our own functions refuse to make. */

export const file = new URL("vectors.json", import.meta.url);

/**
 * Signatures of ES256 that stand in the vectors already. They differ each time they are made, and the same
 * script must make the same file.
 */
const made = existsSync(file) ? readFileSync(file, "utf8").match(/[\w-]+\.[\w-]+\.[\w-]+/g) : null;
const madeOf = Map.groupBy(new Set(made), signedPartOf);

function signedPartOf(compact: string): string {
  return compact.slice(0, compact.lastIndexOf("."));
}

/** The signature as it was made before, if it was and holds. */
function settled(compact: string, key: KeyObject): string {
  if (algorithmOf(key) !== "ES256") return compact;
  const signed = signedPartOf(compact);
  const known = madeOf.get(signed)?.find((each) => holds(each, createPublicKey(key)));
  if (known === undefined) madeOf.set(signed, [...(madeOf.get(signed) ?? []), compact]);
  return known ?? compact;
}

function holds(compact: string, key: KeyObject): boolean {
  const expected = {
    typ: { oneOf: ["warrant+jwt", "dpop+jwt", "JWT"], orAbsent: true },
    algs: ["ES256"],
  } as const;
  for (const embedded of [{}, { embeddedJwk: true } as const]) {
    try {
      verifyCompactBytes(compact, { ...expected, ...embedded, key });
      return true;
    } catch {}
  }
  return false;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Signs whatever it is given, under any header. Texts are signed as they are. */
export function forge(header: JsonObject | string, payload: Json, key: KeyObject): string {
  const part = (value: Json) =>
    encodeBase64url(bytes(typeof value === "string" ? value : canonicalize(value)));
  const signed = `${part(header)}.${part(payload)}`;
  return settled(`${signed}.${encodeBase64url(signBytes(bytes(signed), key))}`, key);
}

/** What is put in place of what a link would say. A claim that becomes undefined is left out. */
export type Change = { [name in keyof WarrantClaims]?: Json | undefined } & {
  [name: string]: Json | undefined;
};

/** What is put in place of how a link would be signed. */
export type Form = { header?: JsonObject | string; payload?: string; key?: KeyObject };

export function root(change: Partial<WarrantClaims> = {}, kid: keyof typeof anchors = "root-ed"): string[] {
  return [settled(mint(change, kid), anchors[kid])];
}

/** A chain, and what its last holder makes of it. */
export function then(chain: readonly string[], change: Partial<NextLink> = {}, key?: KeyObject): string[] {
  const i = chain.length;
  const parentKey = key ?? holder(i - 1);
  return [...chain, settled(narrowWarrant(chain, next(i, change), parentKey), parentKey)];
}

export function chain(length: number, kid: keyof typeof anchors = "root-ed"): string[] {
  let links = root({}, kid);
  while (links.length < length) links = then(links);
  return links;
}

export function forgeRoot(
  change: Change = {},
  { header, payload, key = anchors["root-ed"] }: Form = {},
): string[] {
  const claims = changed(readLink(mint()).claims, change);
  return [
    forge(header ?? { alg: algorithmOf(key), kid: "root-ed", typ: "warrant+jwt" }, payload ?? claims, key),
  ];
}

/** The next link of an honest chain, changed in ways that narrowing refuses. */
export function forgeNext(links: readonly string[], change: Change = {}, form: Form = {}): string[] {
  const i = links.length;
  const { header, payload, key = holder(i - 1) } = form;
  const parent = readLink(links[i - 1] ?? "").claims;
  const same = Object.hasOwn(change, "authorization_details") ? { grants: parent.authorization_details } : {};
  const honest = readLink(narrowWarrant(links, next(i, same), holder(i - 1))).claims;
  const claims = changed(honest, change);
  return [...links, forge(header ?? { alg: algorithmOf(key), typ: "warrant+jwt" }, payload ?? claims, key)];
}

/** The claims that the next honest link would have, as text to tamper with. */
export function nextText(links: readonly string[]): string {
  return canonicalize(readLink(narrowWarrant(links, next(links.length), holder(links.length - 1))).claims);
}

function changed(claims: WarrantClaims, change: Change): Json {
  const all: [string, Json | undefined][] = Object.entries({ ...claims, ...change });
  return Object.fromEntries(all.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** The holder's proof for a call. */
export function proofFor(
  links: readonly string[],
  change: Partial<Parameters<typeof createDpopProof>[0]> & { call?: Call } = {},
): string {
  return settled(prove(links, change), change.key ?? holder(links.length - 1));
}
