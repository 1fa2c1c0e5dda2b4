import type { KeyObject } from "node:crypto";
import { formatVkey, verifierKey } from "@countersign/proof/checkpoint";
import { decodeBase64url } from "@countersign/proof/digest";
import { publicJwkOf } from "@countersign/proof/jwk";

/** The key of the log under its name. The `vkey` is what strangers configure. */
export interface LogKey {
  /** The log's origin. */
  readonly name: string;
  readonly privateKey: KeyObject;
  /** @see C2SP signed-note, verifier keys */
  readonly vkey: string;
}

/** @param privateKey Ed25519 */
export function logKeyOf(origin: string, privateKey: KeyObject): LogKey {
  const jwk = publicJwkOf(privateKey);
  if (jwk.kty !== "OKP") throw new TypeError("checkpoints are signed with Ed25519");
  return { name: origin, privateKey, vkey: formatVkey(verifierKey(origin, decodeBase64url(jwk.x))) };
}
