import type { KeySet } from "../jwk/index.ts";
import { parseWarrantChain } from "../warrant/index.ts";
import { inspectChain } from "./inspect-chain.ts";
import { inspectOne } from "./inspect-one.ts";
import type { Inspection, TokenKind } from "./inspection.ts";
import { rawToken } from "./raw-token.ts";

/**
 * Reads any token of ours for people, without trusting it: who gave what to whom, what each link of a chain
 * took away, when it ends, and what is wrong with it as far as this can be told here. Never says that a token
 * may be used: that takes the holder's proof, and an ear for revocations.
 *
 * @param attackerText a compact form, as it stands in a header or in a file; or a chain of warrants, joined by
 *   `~` or commas or as a JSON array, root first
 * @param known.now milliseconds since 1970
 * @param known.keys the issuer's keys, imported by `createKeySet`; without them its signatures are not checked
 * @param known.warrantKeys those that it publishes for warrants and tickets alone, at `warrant_jwks_uri`; where
 *   absent `keys` count for these as well
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `too-deep` for a text that is no token
 */
export function inspectToken(
  attackerText: string,
  known: { now: number; keys?: KeySet | undefined; warrantKeys?: KeySet | undefined },
): Inspection {
  const text = bare(attackerText);
  const chain = isChain(text) ? parseWarrantChain(text) : [text];
  const tokens = chain.map(rawToken);
  const [first] = tokens;
  const { now, keys, warrantKeys = keys } = known;
  if (tokens.length === 1 && first !== undefined && first.kind !== "warrant") {
    return {
      kind: first.kind,
      parts: [inspectOne(first, { keys: first.kind === "delegation-ticket" ? warrantKeys : keys, now })],
      problems: [],
      notTold: notToldOf(first.kind),
    };
  }
  return {
    kind: "warrant",
    ...inspectChain(chain, { keys: warrantKeys, now }),
    notTold: notToldOf("warrant"),
  };
}

/** Without the name of the header or of the scheme that stood before it, and without space around. */
function bare(attackerText: string): string {
  return attackerText
    .trim()
    .replace(/^(?:(?:authorization|warrant|dpop|txn-token):\s*)?(?:(?:bearer|dpop)\s+)?/i, "");
}

const isChain = (text: string): boolean => text.startsWith("[") || /[~,]/.test(text);

const revocation = "Whether it was revoked cannot be told here; the server and its status list know.";
const holder = "Whoever sends it must prove to hold its key, for each call; that is not in the token.";
const replay = "Whether it was used before cannot be told here; whoever it was sent to remembers.";

const partner = "Whether it says all that the server it is for asks for is for that server to tell.";

function notToldOf(kind: TokenKind): string[] {
  if (kind === "id-jag") return [revocation, holder, partner];
  if (kind === "warrant" || kind === "access-token") return [revocation, holder];
  if (kind === "dpop-proof" || kind === "client-assertion" || kind === "transaction-token") return [replay];
  return kind === "delegation-ticket" ? [revocation] : [];
}
