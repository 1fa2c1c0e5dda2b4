import { createHash, type KeyObject, sign } from "node:crypto";
import type { PublicJwk } from "@countersign/proof/jwk";
import { ecdsaSignature } from "@countersign/proof/x509";
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
  /** ES256, as JWS has it: r and s, 32 bytes each. @throws Fault `unavailable` while its module is away */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
  /** The same as X.509 has it: both in DER. @throws Fault `unavailable` while its module is away */
  signDer(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What is the same for as long as the key lives is worked out once. */
const KNOWN = new WeakMap<KeyObject, AuthoritySigner>();

export function authoritySigner(key: AuthorityKey, module: KeyModule | undefined): AuthoritySigner {
  const known = KNOWN.get(key.publicKey);
  if (known !== undefined) return known;
  const { kid, publicKey, publicJwk, created } = key;
  const spki = publicKey.export({ format: "der", type: "spki" });
  const made = { kid, publicKey, publicJwk, spki, created, ends: endOf(key), ...signingWith(key, module) };
  KNOWN.set(publicKey, made);
  return made;
}

function signingWith(
  { privateKey }: AuthorityKey,
  module: KeyModule | undefined,
): Pick<AuthoritySigner, "sign" | "signDer"> {
  if (!("held" in privateKey)) {
    const asNumbers = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
    return {
      sign: async (bytes) => sign("sha256", bytes, asNumbers),
      signDer: async (bytes) => sign("sha256", bytes, privateKey),
    };
  }
  const { held } = privateKey;
  const signHeld = async (bytes: Uint8Array): Promise<Uint8Array> => {
    if (module === undefined) throw noModule();
    return module.sign(held, createHash("sha256").update(bytes).digest());
  };
  return { sign: signHeld, signDer: async (bytes) => ecdsaSignature(await signHeld(bytes)) };
}

const noModule = (): Fault =>
  new Fault("unavailable", "The key that signs SVIDs is in a PKCS #11 module that is not named.", {
    remedy: "Start with --pkcs11, as when the key was made.",
  });
