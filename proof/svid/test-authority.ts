/** For tests only: certificate authorities of trust domains, and what they issue, right and wrong. */
import "reflect-metadata";
import { generateKeyPairSync, KeyObject, randomBytes, randomUUID, sign } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Json, JsonObject } from "../jcs/index.ts";

export { Extension, KeyUsageFlags };

/** The moment at which tests hold their clocks, in milliseconds since the epoch. */
export const TEST_EPOCH = Date.UTC(2026, 0, 1);

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR = 3_600_000;

/** A key and a certificate for it. */
export interface Certified {
  readonly der: Buffer;
  readonly pem: string;
  readonly key: KeyObject;
  readonly subject: string;
  readonly pair: CryptoKeyPair;
}

/** What a certificate shall say. What is left out is as it should be for a leaf, or for an authority. */
export interface Wanted {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly subject?: string;
  readonly authority?: boolean;
  readonly pathLength?: number;
  readonly usages?: number;
  /** Without key usage at all. */
  readonly noUsages?: true;
  readonly purposes?: readonly string[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly more?: readonly Extension[];
  /** Whose key signs, and under which name, where that is not the issuer's own. */
  readonly signedBy?: Certified;
  readonly pair?: CryptoKeyPair;
  readonly algorithm?: typeof P256;
}

export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

export async function certify(issuer: Certified | undefined, wanted: Wanted): Promise<Certified> {
  const algorithm = wanted.algorithm ?? P256;
  const pair = wanted.pair ?? (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]));
  const { authority = false, subject = authority ? "CN=authority" : "CN=workload" } = wanted;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomBytes(8).toString("hex"),
    subject,
    issuer: issuer?.subject ?? subject,
    notBefore: new Date(wanted.notBefore ?? TEST_EPOCH - HOUR),
    notAfter: new Date(wanted.notAfter ?? TEST_EPOCH + HOUR),
    signingAlgorithm: P256,
    publicKey: pair.publicKey,
    signingKey: (wanted.signedBy ?? issuer)?.pair.privateKey ?? pair.privateKey,
    extensions: extensionsOf({ ...wanted, authority }),
  });
  const der = Buffer.from(certificate.rawData);
  return {
    der,
    pem: `${certificate.toString("pem")}\n`,
    key: KeyObject.from(pair.privateKey as never),
    subject,
    pair,
  };
}

function extensionsOf({ uris = [], dnsNames = [], ...wanted }: Wanted): Extension[] {
  const { authority = false, more = [], purposes } = wanted;
  const usual = authority
    ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
    : KeyUsageFlags.digitalSignature;
  const names = [
    ...uris.map((value) => ({ type: "url" as const, value })),
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
  ];
  return [
    new BasicConstraintsExtension(authority, wanted.pathLength, true),
    ...(wanted.noUsages ? [] : [new KeyUsagesExtension(wanted.usages ?? usual, true)]),
    ...(purposes === undefined ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names, wanted.subject === "")]),
    ...more,
  ];
}

/** The authority of a trust domain: a root for certificates, a key for JWT-SVIDs, and the bundle that says so. */
export async function openAuthority(
  trustDomain: string,
  { kid = "jwt-1", subject }: { kid?: string; subject?: string } = {},
) {
  const root = await certify(undefined, {
    authority: true,
    subject: subject ?? `CN=${trustDomain}`,
    uris: [`spiffe://${trustDomain}`],
    notAfter: TEST_EPOCH + 1_000 * HOUR,
  });
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" }) as JsonObject;
  const bundle = {
    spiffe_sequence: 1,
    spiffe_refresh_hint: 300,
    keys: [x509Key(root), { ...jwk, use: "jwt-svid", kid }],
  };
  return { trustDomain, root, jwtKey: privateKey, kid, bundle };
}

export type Authority = Awaited<ReturnType<typeof openAuthority>>;

export const x509Key = ({ der, key }: Certified): JsonObject => ({
  ...(publicJwk(key) as JsonObject),
  use: "x509-svid",
  x5c: [der.toString("base64")],
});

const publicJwk = (key: KeyObject): Json => {
  const { d: _, ...jwk } = key.export({ format: "jwk" });
  return jwk as Json;
};

/** Signs whatever is wanted as ES256, as somebody with a good key would who means no good. */
export function signJwt(key: KeyObject, header: object, claims: object): string {
  const encoded = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signed = encoded.join(".");
  return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** A JWT-SVID by this authority, all as it should be, and each part replaceable. */
export const jwtSvidBy = (
  { jwtKey, kid }: Authority,
  claims: { sub: string; aud: unknown; now?: number } & Record<string, unknown>,
  header: object = {},
): string => {
  const { now = TEST_EPOCH, ...rest } = claims;
  const iat = Math.floor(now / 1000);
  return signJwt(
    jwtKey,
    { alg: "ES256", typ: "JWT", kid, ...header },
    { iat, exp: iat + 300, jti: randomUUID(), ...rest },
  );
};
