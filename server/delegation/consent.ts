import { type Consent, consentType, planHash } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import type { Task } from "./task.ts";

/**
 * The canonical object that the person signs for a task, made from what is on record about it: the page that
 * shows it and the verb that takes her signature make the same.
 */
export const consentTo = (task: Task, trustDomain: string): Consent => ({
  type: consentType,
  trust_domain: trustDomain,
  task: task.id,
  instruction_hash: task.instruction,
  agent: task.agent,
  grants: task.grants as Grant[],
  expires_at: task.expires,
  person: task.person,
  issued_at: task.openedAt,
  nonce: task.nonce,
  ...(task.plan === undefined ? {} : { plan_hash: planHash(task.plan) }),
});
