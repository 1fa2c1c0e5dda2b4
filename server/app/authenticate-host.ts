import { hostCaller, notAHost } from "../attestation/index.ts";
import type { RawRequest } from "../http/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { proveKey } from "../oauth/index.ts";
import type { ServerDeps } from "./server-deps.ts";

/**
 * Authenticates a machine: `Authorization: Host spiffe://…/host/…` says who it is, and a DPoP proof by the key
 * that it joined with proves it, for this request and once. There is no token that could be stolen, and a machine
 * that has ended is nobody with its next request.
 * @throws Fault `unauthenticated`, in the same words; `use-dpop-nonce`; `invalid-dpop-proof` for one used before
 * @see RFC 9449 §4.3
 */
export async function authenticateHost(deps: ServerDeps, request: RawRequest): Promise<Caller> {
  const attackerId = String(request.headers.authorization).slice("host ".length);
  const caller = await hostCaller(deps, attackerId, request.source);
  try {
    await proveKey(deps, request, caller.keyThumbprint);
    return caller;
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid-dpop-proof") throw notAHost(error);
    throw error;
  }
}
