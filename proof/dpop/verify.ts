import { type KeyCache, noKeyCache } from "../jwk/index.ts";
import { verifyCompact } from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type DpopProof, type DpopRequest, dpopForm, holderOf, judgeDpopProof } from "./judge.ts";

/** What the request must be, as the server itself knows it. */
export type DpopExpectation = DpopRequest & {
  /** Keeps imported keys between calls. */
  keys?: KeyCache | undefined;
};

/**
 * Verifies a DPoP proof against the request it came with: all checks of RFC 9449 §4.3 but two, which are the
 * caller's: that there was exactly one `DPoP` header, and that `replayKey` was not seen before.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`, `wrong-typ`,
 *   `wrong-alg`, `private-key`, `bad-signature`, `wrong-method`, `wrong-url`, `wrong-nonce` (missing, too:
 *   answer with `use_dpop_nonce`), `stale`, `not-yet-valid`, `wrong-token-hash`, `not-bound`, `wrong-tool`,
 *   `wrong-arguments`
 * @see RFC 9449 §4.3
 */
export function verifyDpopProof(attackerProof: string, expected: DpopExpectation): DpopProof {
  const { keys = noKeyCache } = expected;
  let holder: ReturnType<typeof holderOf> | undefined;
  const { payload } = verifyCompact(attackerProof, {
    ...dpopForm,
    resolve(attackerHeader) {
      holder = holderOf(attackerHeader);
      return keys.import(holder.jwk, holder.jkt);
    },
  });
  if (holder === undefined) throw new VerificationError("unknown-key", "the proof brings no key");
  return judgeDpopProof(payload, holder, expected);
}
