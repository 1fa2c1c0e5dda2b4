import type { DomainBundle, Standing, Svid } from "../identity/index.ts";
import { ALL_BUNDLES, DEFAULT_SVID, OWN_BUNDLE, SECRET_TYPE } from "./names.ts";

type Served = Extract<Standing, { kind: "served" }>;

const VALIDATOR = "envoy.tls.cert_validator.spiffe";
const VALIDATOR_TYPE =
  "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig";

/** What Envoy asked for: the secrets under these names, or those names that are nobody's here. */
export type Found = { readonly secrets: readonly object[] } | { readonly unknown: readonly string[] };

/**
 * The secrets of these names; all under their own names where there are none.
 * @param plainRoots whether this Envoy judges certificates itself, without minding which trust domain is whose
 */
export function secretsNamed(
  { svids, bundles }: Served,
  attackerNames: readonly string[],
  plainRoots: boolean,
): Found {
  const [first] = svids;
  const [own] = bundles;
  const context = (name: string, of: readonly DomainBundle[]) => () => validation(name, of, plainRoots);
  const own_ = new Map<string, () => object>([
    ...svids.map((svid) => [svid.id, () => certificate(svid.id, svid)] as const),
    ...bundles.map((bundle) => [idOf(bundle), context(idOf(bundle), [bundle])] as const),
  ]);
  const known = new Map([...own_, [OWN_BUNDLE, context(OWN_BUNDLE, [own])]]);
  if (first !== undefined) known.set(DEFAULT_SVID, () => certificate(DEFAULT_SVID, first));
  // Roots of several domains in one list would let each speak for all.
  if (!plainRoots) known.set(ALL_BUNDLES, context(ALL_BUNDLES, bundles));
  const names = [...new Set(attackerNames.length === 0 ? own_.keys() : attackerNames)].sort();
  const unknown = names.filter((name) => !known.has(name));
  return unknown.length > 0 ? { unknown } : { secrets: names.map((name) => known.get(name)?.() ?? {}) };
}

const idOf = ({ trustDomain }: DomainBundle): string => `spiffe://${trustDomain}`;

const certificate = (name: string, { chain, key }: Svid): object => ({
  "@type": SECRET_TYPE,
  name,
  tls_certificate: {
    certificate_chain: { inline_bytes: pemOf(chain) },
    private_key: { inline_bytes: Buffer.from(key.export({ type: "pkcs8", format: "pem" })) },
  },
});

const validation = (name: string, bundles: readonly DomainBundle[], plainRoots: boolean): object => ({
  "@type": SECRET_TYPE,
  name,
  validation_context: plainRoots
    ? { trusted_ca: { inline_bytes: pemOf(bundles.flatMap(({ roots }) => roots)) } }
    : { custom_validator_config: { name: VALIDATOR, typed_config: validatorOf(bundles) } },
});

const validatorOf = (bundles: readonly DomainBundle[]): object => ({
  "@type": VALIDATOR_TYPE,
  trust_domains: bundles.map(({ trustDomain, roots }) => ({
    name: trustDomain,
    trust_bundle: { inline_bytes: pemOf(roots) },
  })),
});

const pemOf = (ders: readonly Uint8Array[]): Buffer => Buffer.from(ders.map(pem).join(""));

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
