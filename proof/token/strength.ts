/** How well the one who holds a credential has been proven, strongest first. */
export const strengths = [
  "hardware-bound",
  "attested-svid",
  "platform-federated",
  "enrolled-key",
  "in-process",
  "bearer",
  "static-key",
] as const;

/** How well the one who holds a credential has been proven. Recorded on every token, usable in policy. */
export type Strength = (typeof strengths)[number];

/** Whether `actual` is the required strength or a stronger one. */
export function isAtLeast(actual: Strength, required: Strength): boolean {
  return strengths.indexOf(actual) <= strengths.indexOf(required);
}

/** Whether a value read from outside names a strength. */
export function isStrength(value: unknown): value is Strength {
  return (strengths as readonly unknown[]).includes(value);
}
