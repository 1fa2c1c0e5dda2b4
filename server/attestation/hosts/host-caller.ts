import type { DatabaseDeps } from "../../database/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import { type Host, hostId, strengthOf } from "./host.ts";
import { findHost } from "./live-host.ts";

/**
 * A machine as a caller: it has said its SPIFFE ID, and must still prove its key. One that has ended comes in as
 * far as to be told so, by `livingHost`: it then takes from its processes what they have.
 * @returns the caller, whose `keyThumbprint` is what a proof must be by
 * @throws Fault `unauthenticated`, in the same words whatever is wrong
 */
export async function hostCaller(
  deps: DatabaseDeps & { readonly trustDomain: string },
  attackerId: string,
  source: string,
): Promise<Caller & { readonly keyThumbprint: string }> {
  const prefix = `spiffe://${deps.trustDomain}/host/`;
  const host = attackerId.startsWith(prefix)
    ? await findHost(deps, attackerId.slice(prefix.length))
    : undefined;
  if (host === undefined) throw notAHost();
  return callerOf(deps.trustDomain, host, source);
}

const callerOf = (trustDomain: string, { name, type, thumbprint }: Host, source: string) => ({
  principal: name,
  kind: "host" as const,
  strength: strengthOf(type),
  via: "host-proof",
  roles: [],
  instance: hostId(trustDomain, name).uri,
  keyThumbprint: thumbprint,
  source,
});

export const notAHost = (cause?: unknown): Fault =>
  new Fault("unauthenticated", "This is no machine that may attest here.", {
    remedy: "Have it join, and sign each request with the key that it joined with.",
    members: { reason: "host-not-known" },
    cause,
  });
