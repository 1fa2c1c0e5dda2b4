import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { parseBundle } from "@countersign/proof/svid";
import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, newId } from "../lib/index.ts";
import { accepted, requireAdministrator } from "../registry/index.ts";
import { trustDomainConfigured } from "./events.ts";
import { type BundleSource, fetchBundle } from "./fetch-bundle.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { domainNamed, insertDomain, replaceDomain } from "./store.ts";
import {
  type TrustDomain,
  type TrustDomainDefinition,
  trustDomainDefinition,
  trustDomainName,
} from "./trust-domain.ts";

/**
 * Says by whom the SVIDs of a trust domain are signed, our own or another one: the bundle, or the endpoint at
 * which it is fetched now and from then on, and who answers there. Bundles are kept strictly apart.
 * @throws Fault `forbidden`; `invalid` for what is no bundle; `unavailable` when the endpoint does not answer
 */
export async function putTrustDomain(
  deps: SpiffeDeps,
  caller: Caller,
  { name: attackerName, definition }: { name: string; definition: TrustDomainDefinition },
): Promise<TrustDomain> {
  return perform(deps, caller, "trust-domain.put", async (change) => {
    requireAdministrator(caller);
    const name = accepted("trust domain", trustDomainName, attackerName);
    const said = accepted("trust domain", trustDomainDefinition, definition);
    const { endpoint, endpoint_spiffe_id: endpointId } = said;
    const before = await domainNamed(deps.database, name);
    const bundle = said.bundle as Json | undefined;
    if (bundle !== undefined) requireBundle(bundle);
    const source = { name, endpoint, endpointId, known: bundle ?? before?.document };
    const document =
      endpoint === undefined ? (bundle as Json) : await fetchBundle(deps, source as BundleSource);
    requireBundle(document);
    const after: TrustDomain = {
      id: before?.id ?? newId(deps, "domain"),
      name,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(endpointId === undefined ? {} : { endpointId }),
      document,
      updated: deps.clock.now(),
      revision: before === undefined ? 0 : before.revision + 1,
    };
    if (before !== undefined && sameWord(before, after)) return before;
    if (before === undefined) insertDomain(change, after);
    else replaceDomain(change, before, after);
    append(change, trustDomainConfigured(deps, caller, {}, bundleFacts(after)));
    return after;
  });
}

function requireBundle(attackerDocument: Json): void {
  try {
    parseBundle(attackerDocument);
  } catch (cause) {
    throw new Fault("invalid", `This is no trust bundle: ${(cause as Error).message}.`, {
      remedy: "Give the JWKS of the trust domain, with use x509-svid and jwt-svid.",
      cause,
    });
  }
}

export const sameWord = (one: TrustDomain, other: TrustDomain): boolean =>
  one.endpoint === other.endpoint &&
  one.endpointId === other.endpointId &&
  canonicalize(one.document) === canonicalize(other.document);

/** What of a bundle stands in the log: which keys, not the keys. */
export function bundleFacts({ name, id, endpoint, endpointId, document }: TrustDomain) {
  const { sequence, roots, jwtKeys } = parseBundle(document);
  return {
    trust_domain: name,
    id,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(endpointId === undefined ? {} : { endpoint_spiffe_id: endpointId }),
    ...(sequence === undefined ? {} : { sequence }),
    roots: roots.map(({ raw }) => sha256Base64url(raw)),
    jwt_keys: [...jwtKeys.keys()],
  };
}
