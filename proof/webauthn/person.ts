import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Assertion } from "./assertion.ts";

/** For tests: a person with an authenticator that signs whatever it is told to, right or wrong. */
export type Person = {
  credentialPublicKey: Uint8Array;
  sign(challenge: string, change?: Change): Assertion;
};

/** What a test falsifies in an assertion. */
export type Change = {
  clientData?: Record<string, unknown>;
  rpId?: string;
  flags?: number;
  /** Bytes behind the counter. */
  more?: Uint8Array;
};

export const origin = "https://countersign.example.com";
export const rpId = "countersign.example.com";

/** Present and verified. */
export const presentAndVerified = 0x05;

const signCount = Buffer.from("0000002a", "hex");

/** @param keys her passkey's, where they have to be the same each time */
export function newPerson(
  alg: "ES256" | "EdDSA" | "RS256" = "ES256",
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } = keyPair(alg),
): Person {
  return {
    credentialPublicKey: coseKey(publicKey),
    sign: (challenge, change = {}) => assertion(privateKey, alg, challenge, change),
  };
}

function assertion(key: KeyObject, alg: string, challenge: string, change: Change): Assertion {
  const clientData = { type: "webauthn.get", challenge, origin, crossOrigin: false, ...change.clientData };
  const clientDataJSON = Buffer.from(JSON.stringify(clientData));
  const authenticatorData = Buffer.concat([
    sha256(change.rpId ?? rpId),
    Uint8Array.of(change.flags ?? presentAndVerified),
    signCount,
    change.more ?? Uint8Array.of(),
  ]);
  const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
  return {
    authenticatorData,
    clientDataJSON,
    signature: sign(alg === "EdDSA" ? null : "sha256", signed, key),
  };
}

function keyPair(alg: string) {
  if (alg === "RS256") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  return alg === "EdDSA"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

/** The public key as COSE, written by hand: the reader under test must not be its own oracle. */
export function coseKey(publicKey: KeyObject): Uint8Array {
  const { kty, x = "", y = "", n = "", e = "" } = publicKey.export({ format: "jwk" });
  const hex = (text: string) => Buffer.from(text, "base64url").toString("hex");
  if (kty === "EC") return Buffer.from(`a5010203262001215820${hex(x)}225820${hex(y)}`, "hex");
  if (kty === "OKP") return Buffer.from(`a4010103272006215820${hex(x)}`, "hex");
  return Buffer.from(`a401030339010020590100${hex(n)}2143${hex(e)}`, "hex");
}
