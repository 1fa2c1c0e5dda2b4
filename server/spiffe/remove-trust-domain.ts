import { append, perform } from "../audit/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { requireAdministrator } from "../registry/index.ts";
import { revoke } from "../revocation/index.ts";
import { trustDomainRemoved } from "./events.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { deleteDomain, domainNamed } from "./store.ts";
import { deadKeyOfDomain, type TrustDomain } from "./trust-domain.ts";

/**
 * Takes the word of a trust domain no more: its SVIDs are refused, and every token that rests on one is dead.
 * @throws Fault `forbidden`; `not-found`
 */
export function removeTrustDomain(
  deps: SpiffeDeps,
  caller: Caller,
  { name }: { name: string },
): Promise<TrustDomain> {
  return perform(deps, caller, "trust-domain.remove", async (change) => {
    requireAdministrator(caller);
    const domain = await trustDomainOrRefuse(deps, name);
    deleteDomain(change, domain);
    revoke(deps, change, caller, [deadKeyOfDomain(domain)], "trust domain removed");
    append(change, trustDomainRemoved(deps, caller, {}, { trust_domain: domain.name, id: domain.id }));
    return domain;
  });
}

/** @throws Fault `not-found` */
export async function trustDomainOrRefuse(
  deps: Pick<SpiffeDeps, "database">,
  attackerName: string,
): Promise<TrustDomain> {
  const domain = await domainNamed(deps.database, attackerName);
  if (domain !== undefined) return domain;
  throw new Fault("not-found", "The word of this trust domain is not taken here.", {
    remedy: "List the trust domains, or configure this one's bundle.",
  });
}
