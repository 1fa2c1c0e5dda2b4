import { type Certificate, readCertificate } from "@countersign/proof/x509";
import { z } from "zod";
import type { Id, ServiceId } from "../../lib/index.ts";

/** By which certificates a service authenticates: whose word is believed, and for which one name. */
export interface ServiceCertificate {
  /** Made anew with every registration: what was issued on the one before dies with it. */
  readonly id: Id<"workload">;
  readonly service: ServiceId;
  /** The authorities' certificates, base64 of their DER. */
  readonly authorities: readonly string[];
  readonly subject:
    | { readonly san_uri: string }
    | { readonly san_dns: string }
    | { readonly subject_dn: string };
  readonly created: number;
}

export const deadKeyOfCertificate = ({ id }: Pick<ServiceCertificate, "id">): string => `workload:${id}`;

export const authoritiesOf = ({ authorities }: Pick<ServiceCertificate, "authorities">): Certificate[] =>
  authorities.map((encoded) => readCertificate(Buffer.from(encoded, "base64")));

const visible = z.string().min(1).max(500);
const authority = z
  .string()
  .max(20_000)
  .refine(isAuthority, "This is no base64 of an authority's certificate in DER.");

/** One name of one kind, compared byte by byte. @see RFC 8705 §2.1.2 */
export const certificateRegistration = z.strictObject({
  authorities: z.array(authority).min(1).max(10).describe("Base64 of the DER of each certificate."),
  subject: z.union([
    z.strictObject({ san_uri: visible }),
    z.strictObject({ san_dns: visible }),
    z.strictObject({ subject_dn: visible.describe("As RFC 4514 writes it, the last attribute first.") }),
  ]),
});
export type CertificateRegistration = z.input<typeof certificateRegistration>;

function isAuthority(attackerText: string): boolean {
  const der = Buffer.from(attackerText, "base64");
  try {
    return der.toString("base64") === attackerText && readCertificate(der).authority;
  } catch {
    return false;
  }
}
