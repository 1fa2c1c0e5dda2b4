import {
  contentOf,
  type Der,
  malformed,
  partsOf,
  readBoolean,
  readDer,
  readNamedBits,
  readOid,
  readSmallInteger,
  TAG,
} from "./der.ts";

/** What its extensions say of a certificate. */
export interface Extensions {
  /** Whether it may sign certificates, by basic constraints. */
  readonly authority: boolean;
  /** How many authorities may stand between it and the certificate at the end. */
  readonly pathLength?: number;
  /** Numbers of the bits that are set; nothing where the extension is missing. */
  readonly keyUsage?: ReadonlySet<number>;
  /** Object identifiers; nothing where the extension is missing, and it is good for everything. */
  readonly purposes?: readonly string[];
  /** The names beside the subject, as they stand. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** Whether its other names count even where its subject is empty. */
  readonly namesAreCritical: boolean;
  /** By what its key is named in what it signs; nothing where the extension is missing. */
  readonly keyId?: Uint8Array;
}

/** Bits of key usage. @see RFC 5280 §4.2.1.3 */
export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;
/** @see RFC 5280 §4.2.1.12 */
export const PURPOSE = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  any: "2.5.29.37.0",
} as const;

const OID = {
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extKeyUsage: "2.5.29.37",
} as const;
const UNDERSTOOD: ReadonlySet<string> = new Set(Object.values(OID));
/** Never critical. */
const SUBJECT_KEY_ID = "2.5.29.14";

interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/**
 * Reads what we understand. What we do not understand and must not pass over (name constraints among it)
 * refuses the certificate.
 * @throws VerificationError `malformed`
 * @see RFC 5280 §4.2
 */
export function readExtensions(attackerExtensions: Der): Extensions {
  const found = byIdentifier(attackerExtensions);
  const usage = found.get(OID.keyUsage);
  const purposes = found.get(OID.extKeyUsage);
  const keyId = found.get(SUBJECT_KEY_ID);
  return {
    ...readBasicConstraints(found.get(OID.basicConstraints)),
    ...(usage === undefined ? {} : { keyUsage: readNamedBits(readDer(usage.value)) }),
    ...(purposes === undefined ? {} : { purposes: partsOf(readDer(purposes.value)).map(readOid) }),
    ...readNames(found.get(OID.subjectAltName)),
    ...(keyId === undefined ? {} : { keyId: contentOf(readDer(keyId.value), TAG.octetString) }),
  };
}

function byIdentifier(attackerExtensions: Der): Map<string, Extension> {
  const [list, ...more] = partsOf(attackerExtensions, 0xa3);
  if (more.length > 0) throw malformed("two lists of extensions");
  const found = new Map<string, Extension>();
  for (const attackerExtension of partsOf(list)) {
    const { oid, ...extension } = readExtension(attackerExtension);
    if (found.has(oid)) throw malformed("an extension stands twice");
    if (extension.critical && !UNDERSTOOD.has(oid)) throw malformed("a critical extension is not understood");
    found.set(oid, extension);
  }
  return found;
}

function readExtension(attackerExtension: Der): Extension & { oid: string } {
  const [oid, second, third, ...more] = partsOf(attackerExtension);
  const [critical, value] = third === undefined ? [undefined, second] : [second, third];
  if (more.length > 0) throw malformed("an extension has at most three parts");
  if (critical !== undefined && !readBoolean(critical)) throw malformed("a default value is written out");
  return { oid: readOid(oid), critical: critical !== undefined, value: contentOf(value, TAG.octetString) };
}

function readBasicConstraints(
  extension: Extension | undefined,
): Pick<Extensions, "authority" | "pathLength"> {
  if (extension === undefined) return { authority: false };
  const [first, second, ...more] = partsOf(readDer(extension.value));
  if (first === undefined) return { authority: false };
  if (more.length > 0 || !readBoolean(first)) throw malformed("basic constraints are unreadable");
  return { authority: true, ...(second === undefined ? {} : { pathLength: readSmallInteger(second) }) };
}

function readNames(
  extension: Extension | undefined,
): Pick<Extensions, "uris" | "dnsNames" | "namesAreCritical"> {
  if (extension === undefined) return { uris: [], dnsNames: [], namesAreCritical: false };
  const names = partsOf(readDer(extension.value));
  const ofTag = (tag: number): string[] => names.filter((name) => name.tag === tag).map(asciiOf);
  return { uris: ofTag(0x86), dnsNames: ofTag(0x82), namesAreCritical: extension.critical };
}

/** IA5String: a byte beyond ASCII, or one that does not print, has no place in a URI or a host. */
function asciiOf({ content }: Der): string {
  const text = Buffer.from(content).toString("latin1");
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  throw malformed("a name is not made of visible ASCII");
}
