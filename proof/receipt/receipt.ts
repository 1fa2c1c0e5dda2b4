import { canonicalBytes, isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";

/** The `type` member of a receipt, so that no consent or other object can pass for one. */
export const receiptType = "countersign-receipt/v1";

/** A policy that the person saw: its id, and the hash of its content, base64url. */
export type SeenPolicy = { id: string; hash: string };

/**
 * A person's answer to one requirement of one request: what she signs when she approves, or refuses, exactly
 * one action. `expires_at` is in milliseconds since 1970.
 */
export type Receipt = {
  type: typeof receiptType;
  request: string;
  nonce: string;
  requirement: string;
  agent: string;
  person: string;
  task: string;
  tool: string;
  /** Commitment to the canonical arguments, base64url. */
  args_commitment: string;
  /** The forbids that she lifts. */
  forbids: SeenPolicy[];
  /** The permits on which the decision rests. */
  permits: SeenPolicy[];
  decision: "approve" | "deny";
  expires_at: number;
};

const texts = [
  "request",
  "nonce",
  "requirement",
  "agent",
  "person",
  "task",
  "tool",
  "args_commitment",
] as const;
const memberCount = 13;
const longestText = 1024;
const mostPolicies = 256;

/**
 * Reads a receipt; proves nothing yet.
 *
 * @throws VerificationError `malformed`, also for members that a receipt does not have; `wrong-typ`
 */
export function parseReceipt(attackerValue: Json): Receipt {
  if (!isJsonObject(attackerValue)) throw malformed();
  const { type, forbids, permits, decision, expires_at, ...rest } = attackerValue;
  if (type !== receiptType) throw new VerificationError("wrong-typ", "not a receipt");
  if (Object.keys(attackerValue).length !== memberCount) throw malformed();
  if (decision !== "approve" && decision !== "deny") throw malformed();
  if (typeof expires_at !== "number" || !Number.isSafeInteger(expires_at) || expires_at < 0)
    throw malformed();
  const read = Object.fromEntries(texts.map((member) => [member, textOf(rest[member])]));
  const named = read as Record<(typeof texts)[number], string>;
  return { type, ...named, forbids: policiesOf(forbids), permits: policiesOf(permits), decision, expires_at };
}

/** The one canonical text of a receipt, as bytes: what is hashed and signed. */
export function receiptBytes(receipt: Receipt): Uint8Array {
  return canonicalBytes(receipt as unknown as Json);
}

function policiesOf(attackerList: Json | undefined): SeenPolicy[] {
  if (!Array.isArray(attackerList) || attackerList.length > mostPolicies) throw malformed();
  const policies = attackerList.map(policyOf);
  if (new Set(policies.map(({ id }) => id)).size !== policies.length) throw malformed();
  return policies;
}

function policyOf(attackerPolicy: Json): SeenPolicy {
  if (!isJsonObject(attackerPolicy) || Object.keys(attackerPolicy).length !== 2) throw malformed();
  const { id, hash }: JsonObject = attackerPolicy;
  return { id: textOf(id), hash: textOf(hash) };
}

function textOf(attackerText: Json | undefined): string {
  const isText = typeof attackerText === "string" && attackerText !== "" && attackerText.isWellFormed();
  if (!isText || attackerText.length > longestText) throw malformed();
  return attackerText;
}

function malformed(): VerificationError {
  return new VerificationError("malformed", "not a receipt");
}
