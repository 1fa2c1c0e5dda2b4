import { SECRET_TYPE } from "./names.ts";

/** What Envoy sends. @see api/sds.proto DiscoveryRequest */
export interface DiscoveryRequest {
  readonly node: { readonly metadata: Struct | null } | null;
  readonly resource_names: readonly string[];
  readonly type_url: string;
  readonly response_nonce: string;
  readonly error_detail: { readonly message: string } | null;
}

interface Struct {
  readonly fields: Readonly<
    Record<string, { readonly boolValue?: boolean; readonly stringValue?: string } | undefined>
  >;
}

export const MOST_NAMES = 100;

/** What is wrong with a request, for the one who sent it. */
export function problemOf({ type_url, resource_names }: DiscoveryRequest): string | undefined {
  if (type_url !== "" && type_url !== SECRET_TYPE) return `Only ${SECRET_TYPE} is served here.`;
  return resource_names.length > MOST_NAMES ? `Ask for at most ${MOST_NAMES} secrets.` : undefined;
}

/** Whether this Envoy says of itself that it cannot judge by trust domain. */
export function wantsPlainRoots({ node }: DiscoveryRequest): boolean {
  const said = node?.metadata?.fields.disable_spiffe_cert_validation;
  return said?.boolValue === true || said?.stringValue === "true";
}
