import { sha256Base64url } from "@countersign/proof/digest";
import { parseBundle } from "@countersign/proof/svid";
import { authorityToSign, certificateOf, ECDSA_SHA256, readCertificate } from "@countersign/proof/x509";
import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import {
  type AuthorityPurpose,
  type AuthoritySigner,
  isAuthorityPurpose,
  type Purpose,
} from "../keys/index.ts";
import { type Caller, Fault, seconds, system } from "../lib/index.ts";
import {
  type AuthorityRecord,
  bundleDocument,
  elementsOf,
  jwtElement,
  type OwnBundle,
  rootElement,
} from "./authority.ts";
import { authorityCertified, trustBundlePublished } from "./events-authority.ts";
import { newSerial } from "./serial.ts";
import type { AuthorityDeps } from "./spiffe-deps.ts";
import {
  authoritiesNamed,
  insertAuthority,
  ownBundle,
  publishedAuthorities,
  withdrawAuthority,
  writeOwnBundle,
} from "./store-authority.ts";
import type { UpstreamAuthority } from "./upstream-authority.ts";

/** Clocks of other machines may be behind ours by so much. */
export const SKEW = seconds(10);

/**
 * Our own authority: which keys it has, each with what was published of it. A key is published when it is first
 * seen, long before it signs, and leaves the bundle in the change that destroys it; so the bundle's sequence moves
 * exactly when its keys do, however many servers there are.
 */
export class OwnAuthority {
  readonly #upstream: UpstreamAuthority | undefined;
  #known:
    | { readonly kids: string; readonly records: Promise<ReadonlyMap<string, AuthorityRecord>> }
    | undefined;

  /** @param upstream the company's own authority, where there is one */
  constructor(upstream?: UpstreamAuthority) {
    this.#upstream = upstream;
  }

  /** What is published of the living keys, by kid. What is not here signs nothing and verifies nothing. */
  async records(deps: AuthorityDeps): Promise<ReadonlyMap<string, AuthorityRecord>> {
    const signers = livingSigners(deps);
    const kids = signers.map(({ kid }) => kid).join();
    if (this.#known?.kids !== kids) {
      const records = published(deps, signers, this.#upstream);
      this.#known = { kids, records };
      records.catch(() => {
        this.#known = undefined;
      });
    }
    return this.#known.records;
  }

  /** The key that signs SVIDs of this kind now, and what is published of it. @throws Fault `unavailable` */
  async signer(
    deps: AuthorityDeps,
    purpose: AuthorityPurpose,
  ): Promise<{ signer: AuthoritySigner; record: AuthorityRecord }> {
    const records = await this.records(deps);
    const signer = deps.keys.authority(purpose);
    const record = records.get(signer.kid);
    if (record !== undefined) return { signer, record };
    throw new Fault("unavailable", "The key that signs SVIDs is not published.", {
      remedy: "Try again; if it stays so, the operator should rotate the key.",
    });
  }
}

const livingSigners = ({ keys }: AuthorityDeps): AuthoritySigner[] => [
  ...keys.authorities("x509-authority"),
  ...keys.authorities("jwt-svid"),
];

/** What is published of these keys; those that are new are published now. */
async function published(
  deps: AuthorityDeps,
  signers: readonly AuthoritySigner[],
  upstream: UpstreamAuthority | undefined,
): Promise<ReadonlyMap<string, AuthorityRecord>> {
  const kids = signers.map(({ kid }) => kid);
  const known = await authoritiesNamed(deps.database, kids);
  if (known.length < kids.length) await publishNew(deps, signers, upstream);
  const all = await authoritiesNamed(deps.database, kids);
  const standing = all.filter(({ withdrawn }) => withdrawn === undefined);
  return new Map(standing.map((record) => [record.kid, record]));
}

async function publishNew(
  deps: AuthorityDeps,
  signers: readonly AuthoritySigner[],
  upstream: UpstreamAuthority | undefined,
): Promise<void> {
  const certified = new Set(deps.keys.authorities("x509-authority").map(({ kid }) => kid));
  const offered = await Promise.all(
    signers.map((signer) =>
      certified.has(signer.kid) ? certify(deps, signer, upstream) : jwtRecord(signer),
    ),
  );
  await perform(deps, system, "authority.publish", async (change) => {
    const known = await authoritiesNamed(
      deps.database,
      offered.map(({ kid }) => kid),
    );
    const told = new Set(known.map(({ kid }) => kid));
    const fresh = offered.filter(({ kid }) => !told.has(kid));
    if (fresh.length === 0) return;
    for (const record of fresh) addRecord(deps, change, record);
    await republish(deps, change, system, [...(await publishedAuthorities(deps.database)), ...fresh]);
  });
}

function addRecord(deps: AuthorityDeps, change: Change, record: AuthorityRecord): void {
  insertAuthority(change, record);
  const { kid, certificate, upstream, expires } = record;
  if (certificate === undefined || expires === undefined) return;
  const [root] = parseBundle({ keys: [record.element] }).roots;
  const facts = {
    kid,
    serial: readCertificate(certificate).x509.serialNumber.toLowerCase(),
    certificate: sha256Base64url(certificate),
    ...(upstream.length === 0 || root === undefined ? {} : { root: sha256Base64url(root.raw) }),
    expires,
  };
  append(change, authorityCertified(deps, system, {}, facts));
}

/** Writes the bundle that these make, unless it says the same as before. */
async function republish(
  deps: AuthorityDeps,
  change: Change,
  caller: Caller,
  records: readonly AuthorityRecord[],
): Promise<void> {
  const before = await ownBundle(deps.database, deps.trustDomain);
  const keys = elementsOf(records);
  if (before !== undefined && JSON.stringify(before.keys) === JSON.stringify(keys)) return;
  const after = { sequence: (before?.sequence ?? 0) + 1, keys, updated: deps.clock.now() };
  writeOwnBundle(change, deps.trustDomain, before, after);
  append(change, trustBundlePublished(deps, caller, {}, bundleFactsOf(deps.trustDomain, after)));
}

function bundleFactsOf(trustDomain: string, bundle: OwnBundle) {
  const { roots, jwtKeys } = parseBundle(bundleDocument(bundle));
  return {
    trust_domain: trustDomain,
    sequence: bundle.sequence,
    roots: roots.map(({ raw }) => sha256Base64url(raw)),
    jwt_keys: [...jwtKeys.keys()],
  };
}

/**
 * Takes a key out of the bundle, in the change that destroys it. A port that main hands to the room of keys.
 */
export async function unpublish(
  deps: AuthorityDeps,
  change: Change,
  caller: Caller,
  { kid, purpose }: { kid: string; purpose: Purpose },
): Promise<void> {
  if (!isAuthorityPurpose(purpose)) return;
  const standing = await publishedAuthorities(deps.database);
  if (!standing.some((record) => record.kid === kid)) return;
  withdrawAuthority(change, kid, deps.clock.now());
  await republish(
    deps,
    change,
    caller,
    standing.filter((record) => record.kid !== kid),
  );
}

async function certify(
  deps: AuthorityDeps,
  signer: AuthoritySigner,
  upstream: UpstreamAuthority | undefined,
): Promise<AuthorityRecord> {
  const now = deps.clock.now();
  const expires = Math.floor(Math.min(signer.ends, upstream?.expires ?? signer.ends) / 1000) * 1000;
  const life = { serial: newSerial(deps), notBefore: now - SKEW, notAfter: expires };
  const subject = { trustDomain: deps.trustDomain, spki: signer.spki, ...life };
  const toSign = authorityToSign(subject, upstream);
  const certificate =
    upstream === undefined
      ? certificateOf(toSign, await signer.signDer(toSign))
      : certificateOf(toSign, upstream.sign(toSign), upstream.algorithm ?? ECDSA_SHA256);
  return {
    kid: signer.kid,
    element: rootElement(upstream?.root ?? certificate),
    certificate,
    upstream: upstream === undefined ? [] : [certificate, ...upstream.intermediates],
    created: signer.created,
    expires,
  };
}

const jwtRecord = (signer: AuthoritySigner): AuthorityRecord => ({
  kid: signer.kid,
  element: jwtElement(signer),
  upstream: [],
  created: signer.created,
});
