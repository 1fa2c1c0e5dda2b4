import { isJsonObject, type Json, type JsonObject, parseStrict } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";

/** The type of an envelope's payload that is an in-toto statement. */
export const STATEMENT_PAYLOAD = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

/** What a statement is about: known by digest, whatever it is called. */
export interface Subject {
  readonly name?: string;
  /** By algorithm, lower-case hex. */
  readonly digest: Readonly<Record<string, string>>;
}

/** Something that somebody says about things that are named by digest. */
export interface Statement {
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/** More than anybody says one thing about. */
const MOST_SUBJECTS = 1_000;

/**
 * Reads a statement, after its signature was checked. Members that we do not know are passed over, as the
 * specification asks; what we read must be right.
 * @throws VerificationError `malformed`; `wrong-typ` for another version
 * @see in-toto attestation v1, spec/v1/statement.md
 */
export function readStatement(signedBytes: Uint8Array): Statement {
  const text = orRefuse("malformed", "the statement", () =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(signedBytes),
  );
  const json = orRefuse("malformed", "the statement", () => parseStrict(text));
  if (!isJsonObject(json)) throw malformed("a statement is an object");
  if (json._type !== STATEMENT_TYPE)
    throw new VerificationError("wrong-typ", "this is no statement of version 1");
  const { subject, predicateType, predicate = {} } = json;
  if (!Array.isArray(subject) || subject.length === 0 || subject.length > MOST_SUBJECTS)
    throw malformed("a statement is about something");
  if (typeof predicateType !== "string") throw malformed("a statement has a type of predicate");
  if (!isJsonObject(predicate)) throw malformed("a predicate is an object");
  return { subject: subject.map(readSubject), predicateType, predicate };
}

/** Whether the statement is about the thing of this SHA-256. @param sha256 lower-case hex */
export const isAbout = ({ subject }: Statement, sha256: string): boolean =>
  subject.some(({ digest }) => Object.hasOwn(digest, "sha256") && digest.sha256 === sha256);

function readSubject(attackerSubject: Json): Subject {
  if (!isJsonObject(attackerSubject)) throw malformed("a subject is an object");
  const { name, digest } = attackerSubject;
  if (name !== undefined && typeof name !== "string") throw malformed("a subject's name is text");
  return { ...(name === undefined ? {} : { name }), digest: readDigests(digest) };
}

/** Digests by algorithm: at least one. @throws VerificationError `malformed` */
export function readDigests(attackerDigests: Json | undefined): Readonly<Record<string, string>> {
  if (!isJsonObject(attackerDigests)) throw malformed("digests stand by algorithm");
  const entries = Object.entries(attackerDigests);
  if (entries.length === 0) throw malformed("a digest is missing");
  if (!entries.every(([, value]) => typeof value === "string" && /^[0-9a-f]{2,256}$/.test(value)))
    throw malformed("a digest is hexadecimal, in lower case");
  return attackerDigests as Record<string, string>;
}

export const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
