import { type ForeignToken, verifyForeignToken } from "./foreign-token.ts";
import { type PeekedToken, peekToken } from "./peek-token.ts";
import { type Platform, sourceOf } from "./platform.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { opened } from "./put-platform.ts";
import { refused } from "./refused.ts";
import { platformBy } from "./store-platforms.ts";
import { reviewToken } from "./token-review.ts";

/**
 * The platform that is meant, by our name for it or by the issuer that a token names; of those alone that an
 * administrator has named.
 * @throws Fault, reasons `not-configured`, `malformed`
 */
export async function platformMeant(
  deps: PlatformDeps,
  name: string | undefined,
  attackerToken: string,
): Promise<Platform> {
  const { iss } = name === undefined ? peekToken(attackerToken).attackerClaims : {};
  const kept =
    name === undefined
      ? await platformBy(deps.database, "issuer", String(iss))
      : await platformBy(deps.database, "name", name);
  if (kept !== undefined) return opened(deps, kept);
  throw refused("not-configured", "This platform's word is not taken here.", {
    remedy: "Have an administrator say that it is.",
  });
}

/**
 * A token that the platform has signed for us, now; or one that the cluster itself says is good.
 * @throws Fault `unauthenticated` with its reason; `unavailable`
 */
export function verifyPlatformToken(
  deps: PlatformDeps,
  platform: Platform,
  attackerToken: string,
): Promise<ForeignToken> {
  const { review, audience } = platform.definition;
  const vouching =
    review &&
    (({ attackerClaims }: PeekedToken) =>
      reviewToken(deps, review, { attackerToken, audience, attackerClaims }));
  return verifyForeignToken(deps, sourceOf(platform), attackerToken, vouching);
}
