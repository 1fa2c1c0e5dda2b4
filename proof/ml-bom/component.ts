import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";

/** A part of what the document is about. Members that we do not read are passed over, as the format asks. */
export type Component = JsonObject;

/** More parts than the bill of any model has. */
const MOST_COMPONENTS = 10_000;

/** Algorithms whose digests stand for what they are of, with their length in hexadecimal digits. */
const STRONG: Readonly<Record<string, number>> = {
  "SHA-256": 64,
  "SHA-384": 96,
  "SHA-512": 128,
  "SHA3-256": 64,
  "SHA3-384": 96,
  "SHA3-512": 128,
  "BLAKE2b-256": 64,
  "BLAKE2b-384": 96,
  "BLAKE2b-512": 128,
  BLAKE3: 64,
};

/** Every part that the document has, its subject first. @throws VerificationError `malformed`, `too-large` */
export function componentsOf({ metadata, components }: JsonObject): Component[] {
  const subject = isJsonObject(metadata) && metadata.component !== undefined ? [metadata.component] : [];
  const found: Component[] = [];
  const waiting: Json[] = [...subject, ...listOf(components)].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!isJsonObject(next)) throw malformed("a component is an object");
    if (found.length === MOST_COMPONENTS) throw new VerificationError("too-large", "too many components");
    found.push(next);
    waiting.push(...listOf(next.components).toReversed());
  }
  return found;
}

/** Digests of a part, by strong algorithms, as `sha-256:<hex>`. Weak ones count for nothing. */
export function digestsOf({ hashes }: Component): string[] {
  return listOf(hashes).flatMap((each) => {
    if (!isJsonObject(each)) throw malformed("a hash is an object");
    const { alg, content } = each;
    if (typeof alg !== "string" || typeof content !== "string") throw malformed("a hash has alg and content");
    if (!Object.hasOwn(STRONG, alg)) return [];
    if (content.length !== STRONG[alg] || !/^[0-9a-f]+$/i.test(content))
      throw malformed("a digest is hexadecimal of its algorithm's length");
    return [`${alg.toLowerCase()}:${content.toLowerCase()}`];
  });
}

/** A list that may be missing. @throws VerificationError `malformed` */
export function listOf(attackerValue: Json | undefined): Json[] {
  if (attackerValue === undefined) return [];
  if (Array.isArray(attackerValue)) return attackerValue;
  throw malformed("a list is expected");
}

/** A text of at most this many characters, if there is one. @throws VerificationError `malformed` */
export function textOf(attackerValue: Json | undefined): string | undefined {
  if (attackerValue === undefined) return undefined;
  if (typeof attackerValue === "string" && attackerValue !== "" && attackerValue.length <= MOST_TEXT)
    return attackerValue;
  throw malformed("a short text is expected");
}

const MOST_TEXT = 500;

export const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
