/**
 * The person for whom whoever holds a token acts: its subject. None where software acts on its own authority,
 * whose subject is a workload.
 * @param sub of a verified token of Countersign's
 * @see RFC 9068 §2.2
 */
export const humanPrincipal = (sub: string): string | undefined =>
  sub.startsWith("spiffe://") ? undefined : sub;
