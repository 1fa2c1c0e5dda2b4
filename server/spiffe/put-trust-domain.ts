import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { parseBundle } from "@countersign/proof/svid";
import { append, perform } from "../audit/index.ts";
import { fetchJson } from "../http/index.ts";
import { type Caller, Fault, newId } from "../lib/index.ts";
import { accepted, requireAdministrator } from "../registry/index.ts";
import { trustDomainConfigured } from "./events.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { domainNamed, insertDomain, replaceDomain } from "./store.ts";
import {
  type TrustDomain,
  type TrustDomainDefinition,
  trustDomainDefinition,
  trustDomainName,
} from "./trust-domain.ts";

/** The most that is read of a bundle: dozens of certificates. */
const MOST_BYTES = 262_144;

/**
 * Says by whom the SVIDs of a trust domain are signed, our own or another one: the bundle, or the endpoint at
 * which it is fetched now and from then on. Bundles are kept strictly apart.
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
    const { bundle, endpoint } = accepted("trust domain", trustDomainDefinition, definition);
    const document = endpoint === undefined ? (bundle as Json) : await fetchBundle(deps, endpoint);
    requireBundle(document);
    const before = await domainNamed(deps.database, name);
    const after: TrustDomain = {
      id: before?.id ?? newId(deps, "domain"),
      name,
      ...(endpoint === undefined ? {} : { endpoint }),
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

/** @throws Fault `unavailable`; whoever registered the endpoint has said that it may stand in a private network */
export const fetchBundle = (deps: Pick<SpiffeDeps, "outbound">, endpoint: string): Promise<Json> =>
  fetchJson(deps.outbound, { url: endpoint, registered: true, mostBytes: MOST_BYTES });

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
  one.endpoint === other.endpoint && canonicalize(one.document) === canonicalize(other.document);

/** What of a bundle stands in the log: which keys, not the keys. */
export function bundleFacts({ name, id, endpoint, document }: TrustDomain) {
  const { sequence, roots, jwtKeys } = parseBundle(document);
  return {
    trust_domain: name,
    id,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(sequence === undefined ? {} : { sequence }),
    roots: roots.map(({ raw }) => sha256Base64url(raw)),
    jwt_keys: [...jwtKeys.keys()],
  };
}
