import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type PublicJwk, publicJwkOf, thumbprint } from "@countersign/proof/jwk";

/** A key of this process. It lives in memory and ends with the process; nothing writes it anywhere. */
export interface HolderKey {
  readonly privateKey: KeyObject;
  readonly jwk: PublicJwk;
  /** Its name, to which tokens are bound (`cnf.jkt`). @see RFC 7638 */
  readonly jkt: string;
}

/** Makes a key on P-256, for ES256. */
export function makeKey(): HolderKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicJwkOf(privateKey);
  return { privateKey, jwk, jkt: thumbprint(jwk) };
}
