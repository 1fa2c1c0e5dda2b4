import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";
import { signBytes } from "@countersign/proof/jws";
import type { Attested } from "../process/attested.ts";
import type { Selector } from "../selector/selector.ts";
import type { AttestRequest, Entry } from "../upstream/upstream.ts";

/** A key for one process under one entry, on P-256. It lives in this process's memory and nowhere else. */
export const makeKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** Besides what the entry names, the control plane judges by which image a container was made of. */
const IMAGE = "container:image_digest:";
const MOST_IMAGES = 20;

/** What the entry rests on, and no more: how much a process could show otherwise is its user's choice. */
function asked(entry: Entry, attackerSelectors: readonly Selector[]): readonly Selector[] {
  const images = attackerSelectors.filter((selector) => selector.startsWith(IMAGE)).slice(0, MOST_IMAGES);
  const told = new Set([...entry.selectors, ...images]);
  return attackerSelectors.filter((selector) => told.has(selector));
}

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
    selectors: asked(entry, selectors),
    files,
    ...(model === undefined ? {} : { model }),
  };
  const signed = Buffer.from(canonicalize(unsigned as unknown as JsonObject));
  return { ...unsigned, proof: Buffer.from(signBytes(signed, key)).toString("base64url") };
}
