import type { Refused } from "./upstream.ts";

/** The control plane said no: to what was asked, and not to whether it can be asked. */
export class UpstreamRefused extends Error {
  override readonly name = "UpstreamRefused";
  readonly status: number;
  readonly refused: Refused;

  constructor(status: number, refused: Refused) {
    super(refused.reason);
    this.status = status;
    this.refused = refused;
  }
}

/** What a problem document says. @see RFC 9457 §3 */
export function refusedBy(attackerProblem: unknown, status: number): Refused {
  const { type, reason, detail, remedy } = (attackerProblem ?? {}) as Record<string, unknown>;
  const code = textOf(reason) ?? textOf(type)?.split(":").at(-1) ?? `http-${status}`;
  const advice = textOf(remedy);
  return {
    code,
    reason: textOf(detail) ?? `The control plane answered with status ${status}.`,
    ...(advice === undefined ? {} : { remedy: advice }),
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
