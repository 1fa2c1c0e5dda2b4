import { parseBundle, type TrustBundle } from "@countersign/proof/svid";
import type { TrustDomain } from "./trust-domain.ts";

interface Read {
  readonly id: string;
  readonly revision: number;
  readonly bundle: TrustBundle;
}

/** Bundles as they were read last, so that a busy trust domain's certificates are read once. */
export class BundleCache {
  readonly #read = new Map<string, Read>();

  /** The bundle of this record, and of no other: another trust domain's is never looked at. */
  of({ name, id, revision, document }: TrustDomain): TrustBundle {
    const known = this.#read.get(name);
    if (known?.id === id && known.revision === revision) return known.bundle;
    const bundle = parseBundle(document);
    this.#read.set(name, { id, revision, bundle });
    return bundle;
  }
}
