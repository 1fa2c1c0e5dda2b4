import { algorithmOfJwk, type PublicJwk } from "@countersign/proof/jwk";
import type { SigningKey } from "./key.ts";

/** A public key as the JWKS endpoint shows it. */
export type PublishedJwk = PublicJwk & { kid: string; use: "sig"; alg: string };

/** @see RFC 7517 §4 */
export const publishedJwk = ({ kid, publicJwk }: SigningKey): PublishedJwk => ({
  ...publicJwk,
  kid,
  use: "sig",
  alg: algorithmOfJwk(publicJwk),
});
