import { parseSpiffeId, type SpiffeId } from "@countersign/proof/spiffe-id";
import { Fault } from "../lib/index.ts";

/** @throws Fault `invalid` for what is no SPIFFE ID of a workload of our own trust domain */
export function requireOwnWorkload({ trustDomain }: { trustDomain: string }, text: string): SpiffeId {
  const id = readable(text);
  if (id !== undefined && id.trustDomain === trustDomain && id.path !== "") return id;
  throw new Fault("invalid", "This is no workload of our own trust domain.", {
    remedy: `Name it spiffe://${trustDomain}/…`,
    members: { reason: "svid-not-ours" },
  });
}

function readable(text: string): SpiffeId | undefined {
  try {
    return parseSpiffeId(text);
  } catch {
    return undefined;
  }
}
