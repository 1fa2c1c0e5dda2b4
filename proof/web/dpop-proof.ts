import { type DpopProof, type DpopRequest, dpopForm, holderOf, judgeDpopProof } from "../dpop/judge.ts";
import { VerificationError } from "../verification-error.ts";
import { verifyCompact } from "./compact.ts";
import { importPublicJwk } from "./key.ts";

/**
 * Verifies a DPoP proof, as `verifyDpopProof` of `@countersign/proof/dpop` does: the same rules, the same
 * refusals, and the same two checks left to the caller.
 *
 * @throws VerificationError see there
 * @see RFC 9449 §4.3
 */
export async function verifyDpopProof(attackerProof: string, expected: DpopRequest): Promise<DpopProof> {
  let holder: ReturnType<typeof holderOf> | undefined;
  const { payload } = await verifyCompact(attackerProof, {
    ...dpopForm,
    resolve(attackerHeader) {
      holder = holderOf(attackerHeader);
      return importPublicJwk(holder.jwk);
    },
  });
  if (holder === undefined) throw new VerificationError("unknown-key", "the proof brings no key");
  return judgeDpopProof(payload, holder, expected);
}
