import {
  type Consent,
  consentHash,
  type PersonCredential,
  parseConsent,
  verifyConsent,
} from "../consent/index.ts";
import { type Call, coversAll, permits } from "../grant/index.ts";
import type { Json } from "../jcs/index.ts";
import { parseSpiffeId, workloadOf } from "../spiffe-id/index.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import type { Assertion } from "../webauthn/index.ts";
import { firstActor } from "./actor.ts";
import type { WarrantClaims } from "./claims.ts";

/** A consent as it was kept: what the person agreed to, and her passkey's signature. */
export type PresentedConsent = { consent: Json; assertion: Assertion };

/** The registered passkeys of a person, from the registry or an export of it. Empty where she is not known. */
export type Passkeys = (person: string) => readonly PersonCredential[];

/**
 * That a person herself agreed to what a root gives: to this task, this agent, and no less than these grants
 * until then.
 *
 * @throws VerificationError `wrong-consent`, `widened`, `not-permitted`, and whatever `verifyConsent` refuses
 */
export function verifyRootConsent(
  root: WarrantClaims,
  attacker: PresentedConsent,
  expected: { passkeysOf: Passkeys; now: number; call?: Call | undefined },
): Consent {
  const consent = parseConsent(attacker.consent);
  if (root.consent === undefined || consentHash(consent) !== root.consent) {
    fail("wrong-consent", "the root is not over this consent");
  }
  requireSigned(attacker, consent.person, expected);
  const isSame = consent.person === root.sub && consent.task === root.txn && isAgent(consent, root);
  if (!isSame) fail("wrong-consent", "the consent is for another person, task or agent");
  const exceeds = root.exp * 1000 > consent.expires_at;
  if (exceeds || !coversAll(consent.grants, root.authorization_details)) {
    fail("widened", "the root gives more than the person agreed to");
  }
  const { call } = expected;
  if (call !== undefined && !consent.grants.some((grant) => permits(grant, call))) {
    fail("not-permitted", "the person did not agree to this call");
  }
  return consent;
}

/** Any of her passkeys will do; where none does, the last one says why. */
function requireSigned(
  { consent, assertion }: PresentedConsent,
  person: string,
  { passkeysOf, now }: { passkeysOf: Passkeys; now: number },
): void {
  let refusal = new VerificationError("unknown-key", "no passkey of this person is known here");
  for (const passkey of passkeysOf(person)) {
    try {
      verifyConsent(consent, assertion, passkey, now);
      return;
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/** The agent of the consent stands innermost in the root, by its name or as an instance of it. */
function isAgent({ agent, trust_domain }: Consent, { act }: WarrantClaims): boolean {
  const { sub } = firstActor(act);
  if (sub === agent) return true;
  if (!sub.startsWith("spiffe://")) return false;
  const id = parseSpiffeId(sub);
  const workload = workloadOf(id);
  return id.trustDomain === trust_domain && workload?.kind === "agent" && workload.name === agent;
}

function fail(code: VerificationCode, problem: string): never {
  throw new VerificationError(code, problem);
}
