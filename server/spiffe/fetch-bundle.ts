import type { Json } from "@countersign/proof/jcs";
import { parseSpiffeId } from "@countersign/proof/spiffe-id";
import { parseBundle, type TrustBundle, verifyX509Svid } from "@countersign/proof/svid";
import { VerificationError } from "@countersign/proof/verification-error";
import { PURPOSE } from "@countersign/proof/x509";
import { fetchJson } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { domainNamed } from "./store.ts";
import type { TrustDomain } from "./trust-domain.ts";
import { readChain } from "./verify-svid.ts";

/** The most that is read of a bundle: dozens of certificates. */
const MOST_BYTES = 262_144;

/** Where a bundle is fetched, and what is known of it already. */
export type BundleSource = Pick<TrustDomain, "name" | "endpoint" | "endpointId"> & {
  /** What the endpoint is judged by where it serves its own trust domain: the bundle known last, or the first one. */
  readonly known: Json | undefined;
};

/**
 * Fetches a trust domain's bundle. Whoever registered the endpoint has said that it may stand in a private network.
 * @throws Fault `unavailable`; `invalid` where nothing is known that could judge the endpoint
 * @see SPIFFE Federation §5.1, §5.2
 */
export async function fetchBundle(deps: SpiffeDeps, source: BundleSource): Promise<Json> {
  const asked = { url: source.endpoint ?? "", registered: true, mostBytes: MOST_BYTES };
  if (source.endpointId === undefined) return fetchJson(deps.outbound, asked);
  const { endpointId } = source;
  const expected = { endpointId, bundle: await judgeOf(deps, source, endpointId), now: deps.clock.now() };
  const judgePeer = (attackerChain: readonly Uint8Array[]) => requireEndpoint(attackerChain, expected);
  return fetchJson(deps.outbound, { ...asked, judgePeer });
}

/** The bundle of the endpoint's own trust domain, as it is known last: never the one that it is about to give. */
async function judgeOf(
  { database }: SpiffeDeps,
  { name, known }: BundleSource,
  endpointId: string,
): Promise<TrustBundle> {
  const { trustDomain } = parseSpiffeId(endpointId);
  const document = trustDomain === name ? known : (await domainNamed(database, trustDomain))?.document;
  if (document !== undefined) return parseBundle(document);
  throw new Fault("invalid", "Nothing is known yet by which the endpoint could be judged.", {
    remedy:
      trustDomain === name
        ? "Give the trust domain's bundle with it, as its operators handed it to you."
        : `Configure the trust domain ${trustDomain} first.`,
  });
}

interface ExpectedEndpoint {
  readonly endpointId: string;
  readonly bundle: TrustBundle;
  readonly now: number;
}

/** @throws VerificationError for anybody but the endpoint itself, whoever else its trust domain has signed for */
export function requireEndpoint(
  attackerChain: readonly Uint8Array[],
  { endpointId, bundle, now }: ExpectedEndpoint,
): void {
  const [leaf, ...others] = readChain(attackerChain);
  const { id } = verifyX509Svid(leaf, others, { bundle, now });
  if (id.uri !== endpointId)
    throw new VerificationError("wrong-subject", "somebody else of that trust domain answers");
  if (leaf.purposes !== undefined && !leaf.purposes.includes(PURPOSE.serverAuth))
    throw new VerificationError("malformed", "the certificate is not for servers");
}
