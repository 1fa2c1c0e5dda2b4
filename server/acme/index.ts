/**
 * A certificate for the issuer's host from an authority of the Web, or of the company, by ACME: ordered, proven by
 * TLS-ALPN-01 or HTTP-01, judged, served and renewed without a restart. Kept in a folder of its own.
 */
export { type OpenAcme, type OpenedAcme, prepareAcme } from "./prepare-acme.ts";
export type { AcmeSettings } from "./settings.ts";
