import { VerificationError } from "../verification-error.ts";
import { warrantLimits } from "./limits.ts";

/**
 * That a chain is within what is looked at at all.
 *
 * @param mostLinks where the verifier takes fewer than the format allows
 * @throws VerificationError `malformed`, `too-deep`, `too-large`
 */
export function requireChainSize(
  attackerChain: readonly string[],
  mostLinks: number = warrantLimits.links,
): void {
  if (attackerChain.length === 0) throw new VerificationError("malformed", "the chain is empty");
  const most = Math.min(mostLinks, warrantLimits.links);
  // Written so that a limit which is no number refuses.
  if (!(attackerChain.length <= most)) {
    throw new VerificationError("too-deep", `the chain has more than ${most} links`);
  }
  const total = attackerChain.reduce((sum, each) => sum + each.length, 0);
  if (!(total <= warrantLimits.chain)) {
    throw new VerificationError("too-large", `the chain is longer than ${warrantLimits.chain} characters`);
  }
}
