import type { AccessTokenClaims, Act } from "@countersign/proof/token";
import { RELEASABLE, type Releasable, releaseOf, serverOf } from "../catalog/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** The one who acts now, who alone may enter a decision (RFC 8693 §4.1): nobody takes a token for the person's own. */
const outermost = ({ act: _, ...current }: Act): Act => current;

/**
 * Claims without what their audience is not to be told.
 * @param release what it may be told of what can be withheld
 */
export function released<Claims extends Partial<AccessTokenClaims>>(
  claims: Claims,
  release: readonly Releasable[],
): Claims {
  const told = { ...claims };
  for (const name of RELEASABLE) if (name !== "act" && !release.includes(name)) delete told[name];
  return told.act === undefined || release.includes("act") ? told : { ...told, act: outermost(told.act) };
}

/** By the record as it stands now, which may be narrower than when the token was issued. */
export async function releaseFor(deps: OauthDeps, audience: string): Promise<readonly Releasable[]> {
  if (audience === deps.issuer) return RELEASABLE;
  const server = await serverOf(deps, audience);
  return server === undefined ? [] : releaseOf(server);
}
