import { type Receipt, receiptType } from "@countersign/proof/receipt";
import type { Id, PersonId } from "../lib/index.ts";
import type { Assertion } from "../login/index.ts";
import type { GivenReceipt, PolicyRef } from "../policy/index.ts";
import type { ApprovalRequest } from "./request.ts";

/** A signed answer as it is kept. */
export interface StoredReceipt {
  readonly id: Id<"receipt">;
  readonly requirement: string;
  readonly person: PersonId;
  readonly decision: Receipt["decision"];
  /** What was signed. */
  readonly receipt: Receipt;
  readonly assertion: Assertion;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Stands in a receipt for what an action has not: a task, an agent. */
const NONE = "none";

/** What a person is asked to sign for one requirement, but for her decision. */
export function unsigned(
  { id, asked, expires }: ApprovalRequest,
  requirement: string,
  person: PersonId,
): Omit<Receipt, "decision"> {
  return {
    type: receiptType,
    request: id,
    nonce: asked.nonce,
    requirement,
    agent: asked.agent ?? asked.service ?? NONE,
    person,
    task: asked.task?.id ?? NONE,
    tool: asked.tool ?? asked.action,
    args_commitment: asked.commitment,
    forbids: asked.lifts.map(refOf),
    permits: asked.permits.map(refOf),
    expires_at: expires,
  };
}

/**
 * A kept yes, as decisions see it: what it lifts and reaches is read from the very object that was signed.
 * @param subject of the request that it was given to
 */
export const givenReceipt = (stored: StoredReceipt, subject: string): GivenReceipt => ({
  id: stored.id,
  subject,
  requirement: stored.receipt.requirement,
  person: stored.person,
  lifts: stored.receipt.forbids,
  reaches: stored.receipt.permits,
  expires: stored.receipt.expires_at,
});

const refOf = ({ id, hash }: PolicyRef): { id: string; hash: string } => ({ id, hash });
