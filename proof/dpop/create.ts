import type { KeyObject } from "node:crypto";
import { sha256Base64url } from "../digest/index.ts";
import type { JsonObject } from "../jcs/index.ts";
import { publicJwkOf } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import { normalizeHtu } from "./htu.ts";

/**
 * Makes a DPoP proof: that the holder of this key sends this request, now.
 *
 * @param input.key private key, P-256 or Ed25519
 * @param input.url URL of the request; its query and fragment are left out of the proof
 * @param input.accessToken the token that goes with the request, if any
 * @param input.nonce the server's last `DPoP-Nonce`, if it sent one
 * @param input.now milliseconds since 1970
 * @param input.jti unique per proof, 1 to 128 printable ASCII characters
 * @param input.tool name of the tool that is called, where the proof is for one call
 * @param input.argsHash base64url SHA-256 of the canonical arguments of that call
 * @returns the value of the `DPoP` header
 * @see RFC 9449 §4.2
 */
export function createDpopProof(input: {
  key: KeyObject;
  method: string;
  url: string;
  accessToken?: string;
  nonce?: string;
  now: number;
  jti: string;
  tool?: string;
  argsHash?: string;
}): string {
  const { kid: _, ...jwk } = publicJwkOf(input.key);
  const payload: JsonObject = {
    jti: input.jti,
    htm: input.method,
    htu: normalizeHtu(input.url),
    iat: Math.floor(input.now / 1000),
  };
  if (input.accessToken !== undefined) payload.ath = sha256Base64url(input.accessToken);
  if (input.nonce !== undefined) payload.nonce = input.nonce;
  if (input.tool !== undefined) payload.tool = input.tool;
  if (input.argsHash !== undefined) payload.args_hash = input.argsHash;
  return signCompact({ header: { typ: "dpop+jwt", jwk }, payload, key: input.key });
}
