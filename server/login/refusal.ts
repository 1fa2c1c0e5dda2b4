import { Fault } from "../lib/index.ts";

/**
 * The one answer to every proof that does not hold: an unknown passkey, a bad signature, an expired
 * challenge and a suspended person all read the same. The cause is for nobody but the operator's log.
 */
export const notProven = (cause?: unknown): Fault =>
  new Fault("unauthenticated", "That did not prove who you are.", {
    remedy: "Begin again with a passkey enrolled here; an administrator can give you a link to enrol one.",
    cause,
  });
