/** For tests only: trust domains, and processes that their hosts hand SVIDs to, today. */
import { parseBundle } from "@countersign/proof/svid";
import { type Certified, certify, x509Key } from "../../proof/svid/test-authority.ts";
import type { WorkloadApi } from "../workload/workload-api.ts";
import type { X509State } from "../workload/x509-state.ts";

const HOUR = 3_600_000;

export interface TestDomain {
  readonly name: string;
  readonly root: Certified;
}

export async function testDomain(name: string): Promise<TestDomain> {
  const [notBefore, notAfter] = [Date.now() - HOUR, Date.now() + 24 * HOUR];
  return {
    name,
    root: await certify(undefined, { authority: true, subject: `CN=${name}`, notBefore, notAfter }),
  };
}

/** What a host hands out: an SVID of the first domain, and the bundles of all. */
export async function stateOf(
  id: string,
  domains: readonly [TestDomain, ...TestDomain[]],
  { life = HOUR, signedBy = domains[0] as TestDomain } = {},
): Promise<X509State> {
  const expires = Math.floor((Date.now() + life) / 1_000) * 1_000;
  const leaf = await certify(signedBy.root, {
    uris: [id],
    notBefore: Date.now() - 10_000,
    notAfter: expires,
  });
  const bundles = domains.map(
    ({ name, root }) => [name, parseBundle({ keys: [x509Key(root)] } as never)] as const,
  );
  return { svids: [{ id, chain: [leaf.der], key: leaf.key, expires }], bundles: new Map(bundles) };
}

/** A process whose host is this test. */
export function testWorkload(first: X509State) {
  let state: X509State | undefined = first;
  const listeners = new Set<(state: X509State | undefined) => void>();
  return {
    x509: async () => state as X509State,
    current: () => state,
    onChange(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    set(next: X509State | undefined) {
      state = next;
      for (const changed of listeners) changed(next);
    },
  } satisfies Pick<WorkloadApi, "x509" | "current" | "onChange"> & { set(next: X509State | undefined): void };
}
