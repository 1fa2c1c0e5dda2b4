import type { KeyObject } from "node:crypto";
import * as checkpoint from "../checkpoint/index.ts";
import { hasSigned } from "../checkpoint/verifier-key.ts";
import * as dpop from "../dpop/index.ts";
import * as jwk from "../jwk/index.ts";
import * as jws from "../jws/index.ts";
import * as log from "../log/index.ts";
import * as token from "../token/index.ts";
import * as web from "./index.ts";

type Promised<F> = F extends (...given: infer Given) => infer Answer
  ? (...given: Given) => Promise<Awaited<Answer>>
  : never;

/** What both halves do, in one shape: keys as Node holds them, every answer a promise. */
export type Half = {
  name: string;
  importPublicJwk: (jwk: jwk.PublicJwk) => Promise<{ alg: string }>;
  kidsOf: (jwks: Parameters<typeof jwk.createKeySet>[0]) => Promise<string[]>;
  verifyBytes: Promised<typeof jws.verifyBytes>;
  verifyCompact: Promised<typeof jws.verifyCompact>;
  verifyCompactBytes: Promised<typeof jws.verifyCompactBytes>;
  verifyAccessToken: Promised<typeof token.verifyAccessToken>;
  verifyDpopProof: Promised<typeof dpop.verifyDpopProof>;
  hasSigned: Promised<typeof hasSigned>;
  openNote: Promised<typeof checkpoint.openNote>;
  openCheckpoint: Promised<typeof checkpoint.openCheckpoint>;
  verifyLog: typeof log.verifyLog;
  verifyEvidence: Promised<typeof log.verifyEvidence>;
};

const ofNode: Half = {
  name: "node:crypto",
  importPublicJwk: async (key) => ({ alg: jwk.algorithmOf(jwk.importPublicJwk(key)) }),
  kidsOf: async (jwks) => [...jwk.createKeySet(jwks).keys()],
  verifyBytes: async (...given) => jws.verifyBytes(...given),
  verifyCompact: async (...given) => jws.verifyCompact(...given),
  verifyCompactBytes: async (...given) => jws.verifyCompactBytes(...given),
  verifyAccessToken: async (...given) => token.verifyAccessToken(...given),
  verifyDpopProof: async (...given) => dpop.verifyDpopProof(...given),
  hasSigned: async (...given) => hasSigned(...given),
  openNote: async (...given) => checkpoint.openNote(...given),
  openCheckpoint: async (...given) => checkpoint.openCheckpoint(...given),
  verifyLog: log.verifyLog,
  verifyEvidence: async (...given) => log.verifyEvidence(...given),
};

const ofWeb: Half = {
  name: "WebCrypto",
  importPublicJwk: async (key) => ({ alg: web.algorithmOf(await web.importPublicJwk(key)) }),
  kidsOf: async (jwks) => [...(await web.createKeySet(jwks)).keys()],
  verifyBytes: async (data, signature, key) =>
    web.verifyBytes(Uint8Array.from(data), Uint8Array.from(signature), await asWebKey(key)),
  verifyCompact: async (compact, expected) => web.verifyCompact(compact, await asWeb(expected)),
  verifyCompactBytes: async (compact, expected) => web.verifyCompactBytes(compact, await asWeb(expected)),
  verifyAccessToken: async (attackerToken, { keys, ...expected }) =>
    web.verifyAccessToken(attackerToken, { ...expected, keys: await asWebSet(keys) }),
  verifyDpopProof: web.verifyDpopProof,
  hasSigned: async (key, message, signature) => web.hasSigned(key, Uint8Array.from(message), signature),
  openNote: web.openNote,
  openCheckpoint: web.openCheckpoint,
  verifyLog: web.verifyLog,
  verifyEvidence: web.verifyEvidence,
};

/** For tests: whatever one half refuses, the other must refuse too. */
export const halves: readonly Half[] = [ofNode, ofWeb];

async function asWeb(expected: jws.Expectation): Promise<web.Expectation> {
  const { key, resolve, ...demands } = expected;
  if (key !== undefined) return { ...demands, key: await asWebKey(key) };
  return { ...demands, resolve: (header) => asWebKeyIfAny(resolve?.(header)) };
}

const asWebSet = async (keys: jwk.KeySet): Promise<web.KeySet> =>
  new Map(await Promise.all([...keys].map(async ([kid, key]) => [kid, await asWebKey(key)] as const)));

const asWebKeyIfAny = async (key: KeyObject | undefined): Promise<CryptoKey | undefined> =>
  key === undefined ? undefined : asWebKey(key);

const imported = new WeakMap<KeyObject, Promise<CryptoKey>>();

function asWebKey(key: KeyObject): Promise<CryptoKey> {
  const known = imported.get(key) ?? newWebKey(key);
  imported.set(key, known);
  return known;
}

const newWebKey = async (key: KeyObject): Promise<CryptoKey> =>
  key.type === "secret"
    ? (key.toCryptoKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]) as CryptoKey)
    : web.importPublicJwk(jwk.publicJwkOf(key));
