import { createPublicKey, type KeyObject, sign } from "node:crypto";

/** For tests and benchmarks only. */

/**
 * A certificate that a P-256 key signs for itself (X.509 v3, ECDSA with SHA-256): all that a service needs to
 * prove its enrolled key when a connection is made, and all that a server needs to be measured with TLS.
 * @param name the common name, printable ASCII
 * @returns PEM
 * @see RFC 8705 §2.2, RFC 5280 §4.1
 */
export function selfSigned(key: KeyObject, name: string, now = Date.now()): string {
  const lines =
    selfSignedDer(key, name, now)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** The same, in DER. */
export function selfSignedDer(key: KeyObject, name: string, now = Date.now()): Buffer {
  const subject = sequence(setOf(sequence(OID.commonName, der(0x0c, Buffer.from(name)))));
  const certified = sequence(
    der(0xa0, integer(2)), // v3
    integer(1),
    sequence(OID.ecdsaWithSha256),
    subject,
    sequence(time(now - DAY), time(now + DAY)),
    subject,
    createPublicKey(key as Parameters<typeof createPublicKey>[0]).export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", certified, key);
  const bits = der(0x03, Buffer.concat([Buffer.of(0), signature]));
  return sequence(certified, sequence(OID.ecdsaWithSha256), bits);
}

const DAY = 86_400_000;

const OID = {
  commonName: Buffer.from("0603550403", "hex"),
  ecdsaWithSha256: Buffer.from("06082a8648ce3d040302", "hex"),
} as const;

/** One value of ASN.1 in DER: its tag, its length, its content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag), lengthOf(bytes.length), bytes]);
}

const lengthOf = (length: number): Buffer => {
  if (length < 0x80) return Buffer.of(length);
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
};

const sequence = (...content: readonly Buffer[]): Buffer => der(0x30, ...content);
const setOf = (...content: readonly Buffer[]): Buffer => der(0x31, ...content);
const integer = (value: number): Buffer => der(0x02, Buffer.of(value));

/** GeneralizedTime, good for any year. */
const time = (at: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, "")}`));
