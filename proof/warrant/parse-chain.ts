import { parseStrict } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { requireChainSize } from "./chain-size.ts";
import { warrantLimits } from "./limits.ts";

/** Quotes, commas and spaces around the links of a JSON array. */
const room = 1_024;

/**
 * Takes a chain apart as it travels: a JSON array, or joined by `~` (at the token endpoint) or by commas (in
 * a header), root first. Nothing is verified.
 *
 * @throws VerificationError `malformed`, `too-deep`, `too-large`
 */
export function parseWarrantChain(attackerText: string): string[] {
  if (attackerText.length > warrantLimits.chain + room) {
    throw new VerificationError("too-large", "the chain is too long");
  }
  const chain = attackerText.startsWith("[") ? fromJson(attackerText) : attackerText.split(/~|, ?/);
  if (chain.some((each) => each === "")) throw new VerificationError("malformed", "a link is empty");
  requireChainSize(chain);
  return chain;
}

function fromJson(attackerText: string): string[] {
  const list = orRefuse("malformed", "the chain", () => parseStrict(attackerText));
  if (Array.isArray(list) && list.every((each) => typeof each === "string")) return list;
  throw new VerificationError("malformed", "the chain must be a list of texts");
}
