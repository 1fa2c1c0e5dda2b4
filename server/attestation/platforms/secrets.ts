import { createHmac } from "node:crypto";
import {
  canonicalBytes,
  isJsonObject,
  type Json,
  type JsonObject,
  parseStrict,
} from "@countersign/proof/jcs";
import type { Sealer } from "../../audit/index.ts";

interface SealingDeps {
  readonly sealer: Sealer;
}

/** Members whose values are secret, wherever they stand in what an administrator said. */
const SECRET = "token";
/** What stands in their place: never a token itself, so that nobody puts it back for one. */
const KEPT = "not shown";

/**
 * What was said without its secrets, and these, sealed for this place and no other.
 * @param place what they belong to
 */
export function sealSecrets<T extends object>(
  { sealer }: SealingDeps,
  place: string,
  said: T,
): { open: T; sealed: Uint8Array | null } {
  const secrets: Record<string, string> = {};
  const open = walked(said as JsonObject, "", (path, value) => {
    secrets[path] = value;
    return KEPT;
  }) as T;
  const none = Object.keys(secrets).length === 0;
  return { open, sealed: none ? null : sealer.seal(canonicalBytes(secrets), Buffer.from(place)) };
}

/** What was said, secrets included. @throws Error when what rests in the database was changed */
export function unsealed<T extends object>(
  { sealer }: SealingDeps,
  place: string,
  open: T,
  sealed: Uint8Array | null,
): T {
  if (sealed === null) return open;
  const secrets = parseStrict(sealer.open(sealed, Buffer.from(place))) as Record<string, string>;
  return walked(open as JsonObject, "", (path) => secrets[path] ?? "") as T;
}

/**
 * What was said with a keyed hash in each secret's place: enough to tell whether it is the same, and nothing by
 * which whoever sees it could try guesses.
 * @param key of this installation, for this use
 */
export const secretsHashed = (key: Uint8Array, said: object): object =>
  walked(said as JsonObject, "", (_, secret) => keyedHash(key, secret)) as object;

const keyedHash = (key: Uint8Array, secret: string): string =>
  `hmac-sha256:${createHmac("sha256", key).update(secret).digest("base64url")}`;

function walked(value: Json, path: string, secret: (path: string, value: string) => string): Json {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const place = `${path}/${name}`;
      if (name === SECRET && typeof member === "string") return [name, secret(place, member)];
      return [name, walked(member, place, secret)];
    }),
  );
}
