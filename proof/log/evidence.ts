import { decodeBase64, encodeBase64 } from "../checkpoint/base64.ts";
import type { OpenedCheckpoint } from "../checkpoint/checkpoint-text.ts";
import { isJsonObject, type Json } from "../jcs/index.ts";
import { leafHash, verifyInclusion } from "../merkle/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type EventEntry, readEventEntry } from "./event-entry.ts";

/** The `type` member of evidence; nothing else may be read as evidence. */
export const evidenceType = "countersign-evidence/v1";

/** No tree of at most 2^53 entries needs a longer proof. */
const longestProof = 53;

const memberCount = 5;

/** One event with the proof that it stands in a signed log: a document that is verified offline. */
export type Evidence = {
  type: typeof evidenceType;
  /** The event's canonical text, exactly as it was hashed. */
  event: string;
  /** Its place in the log, from 0. */
  index: number;
  /** The hashes from the leaf upwards, each in base64. */
  proof: string[];
  /** The signed checkpoint, a C2SP note. */
  checkpoint: string;
};

/** An event that is proven, its place, and the checkpoint that proves it. */
export type ProvenEvent = EventEntry & { index: number; checkpoint: OpenedCheckpoint };

/** Evidence for an event, from its bytes, its place, its inclusion proof and a signed checkpoint. */
export function makeEvidence(
  event: Uint8Array,
  index: number,
  proof: readonly Uint8Array[],
  checkpoint: string,
): Evidence {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(event);
  return { type: evidenceType, event: text, index, proof: proof.map(encodeBase64), checkpoint };
}

/**
 * Reads evidence out of a JSON document; proves nothing yet.
 *
 * @throws VerificationError `malformed`, also for members that evidence does not have
 */
export function parseEvidence(attackerDocument: Json): Evidence {
  if (!isJsonObject(attackerDocument)) throw malformed();
  if (Object.keys(attackerDocument).length !== memberCount) throw malformed();
  const { type, event, index, proof, checkpoint } = attackerDocument;
  if (type !== evidenceType || typeof event !== "string" || typeof checkpoint !== "string") throw malformed();
  if (typeof index !== "number" || !Number.isSafeInteger(index) || index < 0) throw malformed();
  if (!Array.isArray(proof) || proof.length > longestProof || !proof.every(isString)) throw malformed();
  return { type, event, index, proof, checkpoint };
}

/**
 * Judges whether the event stands in the log, once its checkpoint has been believed. Both halves of this
 * package judge with it.
 */
export function judgeEvidence(evidence: Evidence, checkpoint: OpenedCheckpoint): ProvenEvent {
  const bytes = new TextEncoder().encode(evidence.event);
  const entry = readEventEntry(bytes);
  if (entry === undefined || !evidence.event.isWellFormed()) {
    throw new VerificationError("not-canonical", "the event is not canonical JSON with an id");
  }
  const proof = evidence.proof.map(decodeBase64);
  if (!verifyInclusion(evidence.index, checkpoint.size, leafHash(bytes), proof, checkpoint.root)) {
    throw new VerificationError("no-proof", "the proof does not show this event in the signed log");
  }
  return { ...entry, index: evidence.index, checkpoint };
}

function isString(value: Json): value is string {
  return typeof value === "string";
}

function malformed(): VerificationError {
  return new VerificationError("malformed", "not evidence of an event");
}
