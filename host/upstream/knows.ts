import { type Credential, withPending } from "./credential.ts";
import { UpstreamRefused } from "./refused.ts";
import { SignedRequests } from "./signed-requests.ts";
import type { Transport } from "./transport.ts";

/**
 * Asks whether the control plane still knows this machine by this key, or by the next one that it has asked for.
 * @returns it, with the key by which it is known
 * @throws UpstreamRefused when it is not; UpstreamAway when it cannot be asked
 */
export async function knows(transport: Transport, credential: Credential): Promise<Credential> {
  try {
    await ask(transport, credential);
    return credential;
  } catch (error) {
    const next = withPending(credential);
    if (next === undefined || !(error instanceof UpstreamRefused)) throw error;
    await ask(transport, next);
    return next;
  }
}

const ask = (transport: Transport, credential: Credential): Promise<unknown> =>
  new SignedRequests(transport, () => credential).ask({ method: "GET", path: "/hosts/self/entries" });
