import { parseSpiffeId, workloadOf } from "@countersign/proof/spiffe-id";
import { VerificationError } from "@countersign/proof/verification-error";
import type { WarrantLink } from "@countersign/proof/warrant";

/** Who holds a link, as whoever signed it says. */
export interface NamedHolder {
  readonly agent: string;
  /** Its SPIFFE ID, where the link names one running copy. */
  readonly instance?: string;
}

const agentName = /^[a-z0-9-]{1,128}$/;

/**
 * Reads whom a link names: an agent of this issuer, by its name or as a running copy of it.
 *
 * @throws VerificationError `wrong-subject` for anybody else
 */
export function namedHolder(
  { claims: { act } }: WarrantLink,
  { issuer, trustDomain }: { issuer: string; trustDomain: string },
): NamedHolder {
  const named = act.sub.startsWith("spiffe://") ? copyNamed(act.sub, trustDomain) : { agent: act.sub };
  if (act.iss === issuer && named !== undefined && agentName.test(named.agent)) return named;
  throw new VerificationError("wrong-subject", "a link names nobody who is an agent here");
}

function copyNamed(attackerId: string, trustDomain: string): NamedHolder | undefined {
  const id = parseSpiffeId(attackerId);
  const workload = workloadOf(id);
  if (id.trustDomain !== trustDomain || workload?.kind !== "agent") return undefined;
  return { agent: workload.name, instance: attackerId };
}
