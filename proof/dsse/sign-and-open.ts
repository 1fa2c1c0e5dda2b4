import type { KeyObject } from "node:crypto";
import { VerificationError } from "../verification-error.ts";
import { type Envelope, preAuthEncoding } from "./envelope.ts";
import { signatureBy, signs } from "./signature.ts";

/**
 * What somebody known has signed: the payload, once one of the signatures is one of these keys'. Key ids are
 * not looked at.
 * @param payloadType the only one that is expected here
 * @returns the payload, and which key signed it
 * @throws VerificationError `wrong-typ`; `bad-signature`; `wrong-alg` for a key of ours that cannot sign
 * @see DSSE v1 protocol.md
 */
export function openEnvelope(
  attackerEnvelope: Envelope,
  { payloadType, keys }: { readonly payloadType: string; readonly keys: readonly KeyObject[] },
): { readonly payload: Uint8Array; readonly key: KeyObject } {
  if (attackerEnvelope.payloadType !== payloadType)
    throw new VerificationError("wrong-typ", `the payload is not of type ${payloadType}`);
  const signed = preAuthEncoding(attackerEnvelope);
  const key = keys.find((each) =>
    attackerEnvelope.signatures.some(({ signature }) => signs(each, signed, signature)),
  );
  if (key === undefined) throw new VerificationError("bad-signature", "nobody of these has signed it");
  return { payload: attackerEnvelope.payload, key };
}

/** Signs a payload. @param key private, of P-256, P-384, P-521 or Ed25519 */
export function sealEnvelope(payloadType: string, payload: Uint8Array, key: KeyObject): Envelope {
  const signature = signatureBy(key, preAuthEncoding({ payloadType, payload }));
  return { payloadType, payload, signatures: [{ signature }] };
}
