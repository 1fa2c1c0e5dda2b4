import type { AttestRequest } from "@countersign/host/upstream";
import { decodeBase64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import { importPublicJwk, type PublicJwk, p256JwkOf, thumbprint } from "@countersign/proof/jwk";
import { verifyBytes } from "@countersign/proof/jws";
import { Fault } from "../../lib/index.ts";

/** The key that an SVID shall be for. */
export interface KeyShown {
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  /** DER of its SPKI: there is one way to write it. */
  readonly spki: Uint8Array;
}

/**
 * Checks that whoever asks holds the key, and asks for exactly this with it: P-256, signed over the request
 * without the signature.
 * @throws Fault `forbidden`, reason `key-not-proven`
 * @see RFC 5480, RFC 8785
 */
export function keyShownIn({ proof: attackerProof, ...request }: AttestRequest): KeyShown {
  try {
    const spki = Buffer.from(request.spki, "base64");
    const jwk = p256JwkOf(spki);
    const key = importPublicJwk(jwk);
    const signature = decodeBase64url(attackerProof);
    if (!verifyBytes(canonicalBytes(request as unknown as Json), signature, key))
      throw new Error("another signature");
    return { jwk, thumbprint: thumbprint(jwk), spki };
  } catch (cause) {
    throw new Fault("forbidden", "The proof that the key of this request is held does not hold.", {
      remedy: "Sign the canonical request, without its proof, with the P-256 key that it shows.",
      members: { reason: "key-not-proven" },
      cause,
    });
  }
}
