import { type Grant, parseGrants } from "../grant/index.ts";
import { canonicalBytes, isJsonObject, type Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";

export { describeStep, type Plan, type PlanStep, parsePlan, planBytes, stepFits } from "./plan.ts";

/** The `type` member of a consent, so that no receipt or other object can pass for one. */
export const consentType = "countersign-consent/v1";

/**
 * The canonical root delegation: what a person signs when she lets an agent act for her in one task. Times
 * are milliseconds since 1970.
 */
export type Consent = {
  type: typeof consentType;
  trust_domain: string;
  task: string;
  /** SHA-256 of the instruction, base64url. */
  instruction_hash: string;
  agent: string;
  grants: Grant[];
  expires_at: number;
  person: string;
  issued_at: number;
  nonce: string;
  /** SHA-256 of the task's plan, base64url, where it has one: without it, none was signed. */
  plan_hash?: string;
};

const texts = ["trust_domain", "task", "instruction_hash", "agent", "person", "nonce"] as const;
const memberCount = 10;
const SHA256 = /^[A-Za-z0-9_-]{43}$/;
const longestText = 1024;

/**
 * Reads a consent; proves nothing yet.
 *
 * @throws VerificationError `malformed`, also for members that a consent does not have; `wrong-typ`
 */
export function parseConsent(attackerValue: Json): Consent {
  if (!isJsonObject(attackerValue)) throw malformed();
  const { type, grants, expires_at, issued_at, plan_hash, ...rest } = attackerValue;
  if (type !== consentType) throw new VerificationError("wrong-typ", "not a consent");
  const members = memberCount + (plan_hash === undefined ? 0 : 1);
  if (grants === undefined || Object.keys(attackerValue).length !== members) throw malformed();
  if (!isTime(expires_at) || !isTime(issued_at) || issued_at >= expires_at) throw malformed();
  const read = Object.fromEntries(texts.map((member) => [member, textOf(rest[member])]));
  const named = read as Record<(typeof texts)[number], string>;
  return { type, ...named, grants: parseGrants(grants), expires_at, issued_at, ...planned(plan_hash) };
}

/** The one canonical text of a consent, as bytes: what is hashed and signed. */
export function consentBytes(consent: Consent): Uint8Array {
  return canonicalBytes(consent as unknown as Json);
}

function planned(attackerHash: Json | undefined): Pick<Consent, "plan_hash"> {
  if (attackerHash === undefined) return {};
  if (typeof attackerHash !== "string" || !SHA256.test(attackerHash)) throw malformed();
  return { plan_hash: attackerHash };
}

function textOf(attackerText: Json | undefined): string {
  const isText = typeof attackerText === "string" && attackerText !== "" && attackerText.isWellFormed();
  if (!isText || attackerText.length > longestText) throw malformed();
  return attackerText;
}

function isTime(attackerTime: Json | undefined): attackerTime is number {
  return typeof attackerTime === "number" && Number.isSafeInteger(attackerTime) && attackerTime >= 0;
}

function malformed(): VerificationError {
  return new VerificationError("malformed", "not a consent");
}
