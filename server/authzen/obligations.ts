import type { Obligation } from "../lib/index.ts";

/**
 * Obligations as AuthZEN's profile words them: all of them bind whoever enforces, and one that cannot be
 * honoured means no. Nothing where there are none.
 */
export function obligationsOnWire(obligations: readonly Obligation[]): Readonly<Record<string, unknown>> {
  if (obligations.length === 0) return {};
  return {
    obligations: obligations.map(({ kind, value, policy }) => ({
      id: `${policy}/${kind}`,
      type: kind,
      properties: { value },
    })),
  };
}
