import type { Json } from "../jcs/index.ts";
import { type Demands, readForm, readPayload, requireKey, requireSigned } from "../jws/form.ts";
import type { JwsHeader } from "../jws/header.ts";
import { algorithmOf } from "./key.ts";
import { verifyBytes } from "./signature.ts";

/** Where the verification key comes from: known already, or found by the header, which is not verified yet. */
type KeySource =
  | { key: CryptoKey; resolve?: never }
  | {
      key?: never;
      resolve: (attackerHeader: JwsHeader) => CryptoKey | undefined | Promise<CryptoKey | undefined>;
    };

/** What a verifier insists on, and where its key comes from. */
export type Expectation = KeySource & Demands;

/**
 * Verifies a compact JWS and only then reads its payload as strict JSON.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `wrong-typ`, `wrong-alg`,
 *   `unknown-key`, `bad-signature`
 * @see RFC 7515 §5.2, RFC 8725
 */
export async function verifyCompact(
  attackerCompact: string,
  expected: Expectation,
): Promise<{ header: JwsHeader; payload: Json }> {
  const { header, payload } = await verifyCompactBytes(attackerCompact, expected);
  return { header, payload: readPayload(payload) };
}

/** Like `verifyCompact`, for payloads that need not be JSON: gives the bytes that were signed. */
export async function verifyCompactBytes(
  attackerCompact: string,
  expected: Expectation,
): Promise<{ header: JwsHeader; payload: Uint8Array; signed: Uint8Array }> {
  const form = readForm(attackerCompact, expected);
  const found = expected.key ?? (await expected.resolve(form.header));
  const key = requireKey(found, algorithmOf, form, expected);
  requireSigned(await verifyBytes(form.signed, form.signature, key));
  const { header, payload, signed } = form;
  return { header, payload, signed };
}
