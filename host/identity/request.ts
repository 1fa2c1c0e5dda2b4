import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";
import { signBytes } from "@countersign/proof/jws";
import type { Attested } from "../process/attested.ts";
import type { AttestRequest, Entry } from "../upstream/upstream.ts";

/** A key for one process under one entry, on P-256. It lives in this process's memory and nowhere else. */
export const makeKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/**
 * What is asked for a process: what was measured of it, and the key that its SVIDs shall be for, which signs all
 * of it: nobody can ask for a key that he does not have.
 * @param instance the SPIFFE ID that it has already
 */
export function attestRequest(
  entry: Entry,
  { pid, started, selectors, files, model }: Attested,
  { key, spki }: { key: KeyObject; spki: Uint8Array },
  instance?: string,
): AttestRequest {
  const unsigned = {
    entry: entry.id,
    ...(instance === undefined ? {} : { instance }),
    spki: Buffer.from(spki).toString("base64"),
    process: { pid, started },
    selectors,
    files,
    ...(model === undefined ? {} : { model }),
  };
  const signed = Buffer.from(canonicalize(unsigned as unknown as JsonObject));
  return { ...unsigned, proof: Buffer.from(signBytes(signed, key)).toString("base64url") };
}
