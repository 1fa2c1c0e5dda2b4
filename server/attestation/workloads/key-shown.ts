import { createPublicKey } from "node:crypto";
import type { AttestRequest } from "@countersign/host/upstream";
import { decodeBase64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import { importPublicJwk, type PublicJwk, publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { verifyBytes } from "@countersign/proof/jws";
import { Fault } from "../../lib/index.ts";

/** The key that an SVID shall be for. */
export interface KeyShown {
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  /** DER of its SPKI, as we write it: not as it came. */
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
    const attackerDer = Buffer.from(request.spki, "base64");
    const jwk = publicJwkOf(createPublicKey({ key: attackerDer, format: "der", type: "spki" }));
    if (jwk.kty !== "EC" || jwk.crv !== "P-256") throw new Error("not P-256");
    const key = importPublicJwk(jwk);
    const signature = decodeBase64url(attackerProof);
    if (!verifyBytes(canonicalBytes(request as unknown as Json), signature, key))
      throw new Error("another signature");
    const spki = key.export({ format: "der", type: "spki" });
    return { jwk, thumbprint: thumbprint(jwk), spki };
  } catch (cause) {
    throw new Fault("forbidden", "The proof that the key of this request is held does not hold.", {
      remedy: "Sign the canonical request, without its proof, with the P-256 key that it shows.",
      members: { reason: "key-not-proven" },
      cause,
    });
  }
}
