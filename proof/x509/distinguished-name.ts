import { type Der, partsOf, readDer, readOid, TAG } from "./der.ts";

/** The short names of attributes. @see RFC 4514 §3 */
const SHORT: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
};
const TEXTS: ReadonlySet<number> = new Set([TAG.utf8, TAG.printable, TAG.ia5]);

/**
 * A name in the one way in which we write it, to compare with what was registered: the last attribute first,
 * short names where RFC 4514 has one, `\` before what it escapes, hexadecimal for what is no text.
 * @param attackerName its DER
 * @throws VerificationError `malformed`
 * @see RFC 4514 §2
 */
export const distinguishedName = (attackerName: Uint8Array): string =>
  partsOf(readDer(attackerName)).reverse().map(relativeName).join(",");

const relativeName = (attackerSet: Der): string =>
  partsOf(attackerSet, TAG.set)
    .map((pair) => {
      const [type, value] = partsOf(pair);
      const oid = readOid(type);
      const short = Object.hasOwn(SHORT, oid) ? SHORT[oid] : undefined;
      return short === undefined || value === undefined
        ? `${oid}=${hexOf(value)}`
        : `${short}=${textOf(value)}`;
    })
    .join("+");

const hexOf = (value: Der | undefined): string => `#${Buffer.from(value?.raw ?? []).toString("hex")}`;

function textOf(value: Der): string {
  const text = Buffer.from(value.content).toString("utf8");
  const exact = Buffer.from(text, "utf8").equals(value.content);
  return TEXTS.has(value.tag) && exact ? escaped(text) : hexOf(value);
}

const escaped = (text: string): string =>
  text
    .replaceAll(/[\\",+;<>=]/g, (letter) => `\\${letter}`)
    .replace(/^[ #]/, (letter) => `\\${letter}`)
    .replace(/ $/, "\\ ")
    .replaceAll("\0", "\\00");
