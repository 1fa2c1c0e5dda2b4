import type { Change } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import { requireActiveService } from "../registry/index.ts";
import { deadAmong, requireAlive } from "../revocation/index.ts";
import { aboutToken } from "./about-token.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import type { Served } from "./served.ts";
import type { IssuedToken } from "./store.ts";

/**
 * Lets only a token pass that has not ended, and guards the change: nothing that kills it may come before.
 * @throws Fault `gone`
 */
export async function requireLiving(
  deps: OauthDeps,
  change: Change,
  { token, service }: Served,
): Promise<void> {
  const dead = await deadAmong(deps, token.rev);
  if (dead.length > 0) throw ended(token, dead);
  requireUnexpired(deps, token);
  requireActiveService(change, service);
  requireAlive(change, token.rev);
}

/**
 * For whoever has waited: a token expires in line as well.
 * @throws Fault `gone`
 */
export function requireUnexpired({ clock }: OauthDeps, token: IssuedToken): void {
  if (clock.now() >= token.expires) throw ended(token, []);
}

const ended = (token: IssuedToken, dead: readonly string[]): Fault =>
  new Fault("gone", "The access token has ended.", {
    remedy: "Refuse the call; its sender can ask for a new token.",
    // RFC 6750 §3.1: what the service says to the sender.
    members: { token_error: "invalid_token" },
    record: { about: aboutToken(token), jti: token.jti, dead },
  });
