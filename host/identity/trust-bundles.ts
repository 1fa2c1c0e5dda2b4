import { isJsonObject, type Json } from "@countersign/proof/jcs";
import { parseTrustDomain } from "@countersign/proof/spiffe-id";
import { parseBundle, type TrustBundle } from "@countersign/proof/svid";
import type { Bundles } from "../upstream/upstream.ts";

/** What a trust domain is judged by, in the forms in which workloads ask for it. */
export interface DomainBundle {
  readonly trustDomain: string;
  readonly bundle: TrustBundle;
  /** Its roots, DER. */
  readonly roots: readonly Uint8Array[];
  /** The keys of its JWT-SVIDs, a JWK set. */
  readonly jwks: Uint8Array;
}

/** Our own trust domain's bundle first. Each judges its own domain; they are never merged. */
export type TrustBundles = readonly [own: DomainBundle, ...others: DomainBundle[]];

/**
 * Reads the bundles that the control plane hands out. One of another domain that cannot be read is left out, so
 * that nothing of that domain is valid, and told; without our own there are none.
 * @throws VerificationError when our own cannot be read
 */
export function readBundles(bundles: Bundles, tell: (trustDomain: string) => void): TrustBundles {
  const [first, ...rest] = Object.entries(bundles);
  if (first === undefined) throw new TypeError("the control plane hands out no bundle of its own");
  const others = rest.flatMap(([name, document]) => {
    try {
      return [read(name, document)];
    } catch {
      tell(name);
      return [];
    }
  });
  return [read(...first), ...others];
}

function read(name: string, document: Json): DomainBundle {
  const bundle = parseBundle(document);
  return {
    trustDomain: parseTrustDomain(name),
    bundle,
    roots: bundle.roots.map(({ raw }) => raw),
    jwks: Buffer.from(JSON.stringify({ keys: jwtKeys(document, bundle) })),
  };
}

/** As they were handed out, those that we understand: whoever reads a JWK set wants a `kid` on each. */
function jwtKeys(document: Json, { jwtKeys: known }: TrustBundle): Json[] {
  const keys = isJsonObject(document) && Array.isArray(document.keys) ? document.keys : [];
  return keys.filter((key) => isJsonObject(key) && key.use === "jwt-svid" && known.has(String(key.kid)));
}
