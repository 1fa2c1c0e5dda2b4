import { decodeBase64url, encodeBase64url, sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json, parseStrict } from "@countersign/proof/jcs";
import { z } from "zod";
import type { Change, DatabaseDeps } from "../database/index.ts";
import { Fault, type PersonId } from "../lib/index.ts";
import type { PerformDeps } from "./perform.ts";
import { deleteConcealed, findConcealed, insertConcealed } from "./store.ts";

/** Encrypts what rests in the database; main hands it in from the key room, which stands above this one. */
export interface Sealer {
  /** @param aad what the bytes belong to */
  seal(bytes: Uint8Array, aad: Uint8Array): Uint8Array;
  /** Throws when the bytes were changed or belong to something else. */
  open(sealed: Uint8Array, aad: Uint8Array): Uint8Array;
}

export interface ConcealDeps extends DatabaseDeps {
  readonly sealer: Sealer;
}

/** What rooms are handed that write to the log and keep values out of it. */
export type AuditDeps = PerformDeps & ConcealDeps;

/** Whom a concealed value is about: it is erased with her. */
export type Subject = PersonId | "installation";

const SALT_BYTES = 32;

/**
 * Keeps a value out of the log and binds the log to it: the event holds the commitment, the value rests
 * beside the log, sealed, until its subject is erased. Without the salt, which goes with it, nobody can
 * find out by guessing what a commitment stood for.
 * @returns the commitment, base64url of SHA-256(salt ‖ JCS(value)), 43 characters
 */
export function conceal(deps: ConcealDeps, change: Change, subject: Subject, value: Json): string {
  const salt = deps.random.bytes(SALT_BYTES);
  const commitment = commit(salt, value);
  const bytes = canonicalBytes({ salt: encodeBase64url(salt), value });
  const sealed = deps.sealer.seal(bytes, placeOf(subject, commitment));
  insertConcealed(change, { commitment, subject, sealed, at: deps.clock.now() });
  return commitment;
}

/**
 * The value behind a commitment; undefined when it has been erased or was never concealed here.
 * @throws Fault `internal` when what rests in the database is not what was committed to
 */
export async function reveal(deps: ConcealDeps, commitment: string): Promise<Json | undefined> {
  const row = await findConcealed(deps.database, commitment);
  if (row === undefined) return undefined;
  const { salt, value } = openRow(deps, row);
  if (commit(salt, value) !== commitment) throw altered();
  return value;
}

/** Erases everything that was concealed about somebody. The log stands as it is; only nobody can read it. */
export const eraseSubject = (change: Change, subject: Subject): void => deleteConcealed(change, subject);

const concealed = z.strictObject({ salt: z.string(), value: z.unknown() });

function openRow(
  deps: ConcealDeps,
  row: { commitment: string; subject: string; sealed: Uint8Array },
): { salt: Uint8Array; value: Json } {
  try {
    const bytes = deps.sealer.open(row.sealed, placeOf(row.subject, row.commitment));
    const { salt, value } = concealed.parse(parseStrict(bytes));
    return { salt: decodeBase64url(salt), value: value as Json };
  } catch (cause) {
    throw altered(cause);
  }
}

const commit = (salt: Uint8Array, value: Json): string =>
  sha256Base64url(Buffer.concat([salt, canonicalBytes(value)]));

/** Commitments are all of one length, so no subject can be lengthened into another's. */
const placeOf = (subject: string, commitment: string): Uint8Array =>
  Buffer.from(`concealed ${subject} ${commitment}`);

const altered = (cause?: unknown): Fault =>
  new Fault("internal", "A concealed value is not what the log was bound to.", {
    remedy: "The operator should compare the database with a backup.",
    cause,
  });
