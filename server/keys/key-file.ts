import { createPrivateKey, createSecretKey, type KeyObject, sign, verify } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { decodeBase64url } from "@countersign/proof/digest";
import { parseStrict } from "@countersign/proof/jcs";
import {
  type Algorithm,
  algorithmOf,
  algorithmOfJwk,
  importPublicJwk,
  parsePublicJwk,
  publicJwkOf,
  thumbprint,
} from "@countersign/proof/jwk";
import { z } from "zod";
import { Fault } from "../lib/index.ts";
import {
  type AuthorityKey,
  type AuthorityPurpose,
  type EnvelopeKey,
  inSuccession,
  isAuthorityPurpose,
  isWithdrawable,
  type Key,
  type LoneKey,
  PURPOSES,
  type Purpose,
  type SigningPurpose,
} from "./key.ts";
import { readPrivateFile } from "./private-files.ts";

const instant = z.int().min(0);

/** What a key file holds. Which state the key is in follows from the times of all (`stateAt`). */
const content = z.strictObject({
  kid: z.string().min(1),
  purpose: z.enum(PURPOSES),
  generation: z.int().min(1),
  created: instant,
  activates: instant,
  emergency: z.literal(true).optional(),
  jwk: z.record(z.string(), z.string()),
  held: z
    .string()
    .regex(/^([0-9a-f]{2}){1,32}$/)
    .optional(),
});
export type KeyContent = z.infer<typeof content>;

export const ALGORITHMS: Readonly<Record<Exclude<Purpose, "envelope">, Algorithm>> = {
  token: "ES256",
  delegation: "ES256",
  log: "EdDSA",
  // The one algorithm that every cloud takes.
  federation: "RS256",
  "x509-authority": "ES256",
  "jwt-svid": "ES256",
  summary: "ES256",
};

export const ENVELOPE_KEY_BYTES = 32;
export const ENVELOPE_KID_BYTES = 12;

/** One name per purpose and generation: two servers that make the same one at once cannot both succeed. */
export const nameOfKeyFile = (key: { purpose: string; generation: number }): string =>
  `${key.purpose}-${key.generation}.json`;

/**
 * Reads all keys of a folder.
 * @throws Fault `unavailable` for a file that others could read, or that is damaged or not what its name says
 */
export function readKeys(folder: string): Key[] {
  const keys = keyFilesIn(folder).map((name) => readKeyFile(folder, name));
  return inSuccession(keys.filter((key) => key !== undefined));
}

const KEY_FILE = new RegExp(`^(${PURPOSES.join("|")})-[1-9][0-9]{0,8}\\.json$`);

/** The names of the key files: no key file ever changes, so while these are the same the keys are. */
export const keyFilesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => KEY_FILE.test(name))
    .sort();

/** A file that is gone between listing and reading was destroyed by another server. */
function readKeyFile(folder: string, name: string): LoneKey | undefined {
  const path = join(folder, name);
  const text = readPrivateFile(path);
  if (text === undefined) return undefined;
  const key = importKey(text);
  if (key === undefined || nameOfKeyFile(key) !== name) throw damaged(path);
  return key;
}

/** No reason leaves this function: what parsers and OpenSSL complain about may be the key itself. */
function importKey(text: string): LoneKey | undefined {
  try {
    const { jwk, held, ...facts } = content.parse(parseStrict(text));
    if (facts.emergency && !isWithdrawable(facts.purpose)) return undefined;
    if (held !== undefined) return importHeldKey(facts, jwk, held);
    return facts.purpose === "envelope" ? importEnvelopeKey(facts, jwk) : importSigningKey(facts, jwk);
  } catch {
    return undefined;
  }
}

type Facts = Omit<KeyContent, "jwk" | "held">;

/** The file says which key it is; the key itself is in its module. Only those of SVIDs can be. */
function importHeldKey(
  facts: Facts,
  jwk: KeyContent["jwk"],
  held: string,
): Omit<AuthorityKey, "retires" | "withdrawn"> | undefined {
  const { purpose } = facts;
  const publicJwk = parsePublicJwk(jwk);
  const sound = algorithmOfJwk(publicJwk) === "ES256" && thumbprint(publicJwk) === facts.kid;
  if (!sound || !isAuthorityPurpose(purpose)) return undefined;
  return { ...facts, purpose, privateKey: { held }, publicKey: importPublicJwk(publicJwk), publicJwk };
}

function importEnvelopeKey(
  facts: Facts,
  jwk: KeyContent["jwk"],
): Omit<EnvelopeKey, "retires" | "withdrawn"> | undefined {
  const { kty, k = "", ...unknown } = jwk;
  const bytes = decodeBase64url(k);
  const sound = kty === "oct" && bytes.length === ENVELOPE_KEY_BYTES && Object.keys(unknown).length === 0;
  if (!sound || decodeBase64url(facts.kid).length !== ENVELOPE_KID_BYTES) return undefined;
  return { ...facts, purpose: "envelope", secret: createSecretKey(bytes) };
}

function importSigningKey(facts: Facts, jwk: KeyContent["jwk"]): LoneKey | undefined {
  const purpose = facts.purpose as SigningPurpose | AuthorityPurpose;
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  const publicJwk = publicJwkOf(privateKey);
  const publicKey = importPublicJwk(publicJwk);
  const sound = algorithmOf(privateKey) === ALGORITHMS[purpose] && thumbprint(publicJwk) === facts.kid;
  if (!sound || !belongTogether(privateKey, publicKey)) return undefined;
  return { ...facts, purpose, privateKey, publicKey, publicJwk } as LoneKey;
}

/** OpenSSL takes any private number beside any public point; only a signature shows whether they fit. */
function belongTogether(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const probe = Buffer.from("countersign key file");
  const digest = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
  return verify(digest, probe, publicKey, sign(digest, probe, privateKey));
}

const damaged = (path: string): Fault =>
  new Fault("unavailable", `The key file ${path} is damaged or not a key of Countersign.`, {
    remedy:
      "Restore it from a backup. Without it, what it signed or sealed can no longer be verified or opened.",
  });
