import type { Credential } from "./credential.ts";
import { SignedRequests } from "./signed-requests.ts";
import type { Transport } from "./transport.ts";

/**
 * Asks whether the control plane still knows this machine by this key.
 * @throws UpstreamRefused when it does not; UpstreamAway when it cannot be asked
 */
export async function knows(transport: Transport, credential: Credential): Promise<void> {
  await new SignedRequests(transport, () => credential).ask({ method: "GET", path: "/hosts/self/entries" });
}
