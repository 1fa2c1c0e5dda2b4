import { createHash, type KeyObject, sign } from "node:crypto";
import type { PublicJwk } from "@countersign/proof/jwk";
import { Fault } from "../lib/index.ts";
import { type AuthorityKey, endOf } from "./key.ts";
import type { KeyModule } from "./key-module.ts";

/** A key that signs SVIDs, wherever its private half is. */
export interface AuthoritySigner {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly publicJwk: PublicJwk;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
  readonly created: number;
  /** Until when it signs, in milliseconds since the epoch: infinite where it was made without an end. */
  readonly ends: number;
  /** ES256: r and s, 32 bytes each. @throws Fault `unavailable` while the module that holds it is away */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What is the same for as long as the key lives is worked out once. */
const KNOWN = new WeakMap<KeyObject, AuthoritySigner>();

export function authoritySigner(key: AuthorityKey, module: KeyModule | undefined): AuthoritySigner {
  const known = KNOWN.get(key.publicKey);
  if (known !== undefined) return known;
  const { kid, publicKey, publicJwk, created } = key;
  const spki = publicKey.export({ format: "der", type: "spki" });
  const made = { kid, publicKey, publicJwk, spki, created, ends: endOf(key), sign: signingWith(key, module) };
  KNOWN.set(publicKey, made);
  return made;
}

function signingWith({ privateKey }: AuthorityKey, module: KeyModule | undefined): AuthoritySigner["sign"] {
  if (!("held" in privateKey)) {
    const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
    return async (bytes) => sign("sha256", bytes, key);
  }
  const { held } = privateKey;
  return async (bytes) => {
    if (module === undefined) throw noModule();
    return module.sign(held, createHash("sha256").update(bytes).digest());
  };
}

const noModule = (): Fault =>
  new Fault("unavailable", "The key that signs SVIDs is in a PKCS #11 module that is not named.", {
    remedy: "Start with --pkcs11, as when the key was made.",
  });
