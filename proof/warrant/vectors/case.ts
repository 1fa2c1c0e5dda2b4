import type { Call } from "../../grant/index.ts";
import type { Json } from "../../jcs/index.ts";
import type { VerificationCode } from "../../verification-error.ts";
import { proofFor } from "./forge.ts";

/** A consent as it stands in the vectors: bytes in base64url. */
export type ConsentVector = {
  consent: Json;
  assertion: { authenticatorData: string; clientDataJSON: string; signature: string };
};

/** What the verifier of a case knows, where it is not what all the others know. */
export type CaseOptions = {
  audience?: string;
  now?: number;
  nonce?: string;
  mostLinks?: number;
  /** Revocation keys that are dead; null where nobody can tell, and the status list has to be asked. */
  dead?: string[] | null;
};

/** One chain, presented once. */
export type Case = {
  name: string;
  expected: "allow" | "deny";
  /** Of a refusal: the code, and the link at fault if it is one link's. */
  code?: VerificationCode;
  link?: number;
  chain: string[];
  proof: string;
  call?: Call;
  consent?: ConsentVector;
  /** Of what is allowed: what is left to discharge, and whether the person's consent was verified. */
  conditions?: Json;
  consented?: true;
  options?: CaseOptions;
};

type More = Partial<Pick<Case, "proof" | "call" | "consent" | "conditions" | "consented" | "options">>;

export function allowed(name: string, chain: string[], more: More = {}): Case {
  return { name, expected: "allow", chain, proof: more.proof ?? usualProof(chain, more), ...more };
}

export function refused(
  name: string,
  [code, link]: readonly [VerificationCode, number?],
  chain: string[],
  more: More = {},
): Case {
  const where = link === undefined ? {} : { link };
  return {
    name,
    expected: "deny",
    code,
    ...where,
    chain,
    proof: more.proof ?? usualProof(chain, more),
    ...more,
  };
}

const usualProof = (chain: string[], { call }: More): string =>
  proofFor(chain, call === undefined ? {} : { call });
