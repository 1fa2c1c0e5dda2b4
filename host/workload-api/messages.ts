import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import type { JwtSvid, Standing, Svid, TrustBundles } from "../identity/index.ts";

type Served = Extract<Standing, { kind: "served" }>;

/** Certificates one after the other, as the Workload API has them. */
const concatenated = (ders: readonly Uint8Array[]): Buffer => Buffer.concat(ders);

const domainId = (trustDomain: string): string => `spiffe://${trustDomain}`;

/** The whole state. @see api/workload.proto X509SVIDResponse */
export function x509Response({ svids, bundles: [own, ...others] }: Served) {
  const bundle = concatenated(own.roots);
  return {
    svids: withUniqueHints(svids).map((svid) => ({ ...x509Message(svid), bundle })),
    federated_bundles: rootsByDomain(others),
  };
}

const x509Message = ({ id, chain, key, hint = "" }: Svid) => ({
  spiffe_id: id,
  x509_svid: concatenated(chain),
  x509_svid_key: key.export({ type: "pkcs8", format: "der" }),
  hint,
});

/** @see api/workload.proto X509BundlesResponse */
export const x509Bundles = (bundles: TrustBundles) => ({ bundles: rootsByDomain(bundles) });

const rootsByDomain = (bundles: readonly TrustBundles[number][]): Record<string, Buffer> =>
  Object.fromEntries(bundles.map(({ trustDomain, roots }) => [domainId(trustDomain), concatenated(roots)]));

/** @see api/workload.proto JWTBundlesResponse */
export const jwtBundles = (bundles: TrustBundles) => ({
  bundles: Object.fromEntries(bundles.map(({ trustDomain, jwks }) => [domainId(trustDomain), jwks])),
});

/** @see api/workload.proto JWTSVIDResponse */
export const jwtResponse = (svids: readonly JwtSvid[]) => ({
  svids: withUniqueHints(svids).map(({ id, svid, hint = "" }) => ({ spiffe_id: id, svid, hint })),
});

/** A hint names one SVID of an answer: where two would have the same, the second has none. */
function withUniqueHints<One extends { readonly hint?: string }>(svids: readonly One[]): One[] {
  const used = new Set<string>();
  return svids.map((svid) => {
    if (svid.hint === undefined || !used.has(svid.hint)) {
      if (svid.hint !== undefined) used.add(svid.hint);
      return svid;
    }
    const { hint: _, ...rest } = svid;
    return rest as One;
  });
}

/** A JSON object as protobuf's own form of it. @see google/protobuf/struct.proto */
export const structOf = (object: JsonObject): object => ({
  fields: Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, structValue(value ?? null)]),
  ),
});

function structValue(value: Json): object {
  if (value === null) return { nullValue: 0 };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { numberValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (isJsonObject(value)) return { structValue: structOf(value) };
  return { listValue: { values: (value as readonly Json[]).map(structValue) } };
}
