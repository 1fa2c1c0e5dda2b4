/**
 * What kills everything that was decided by the activations up to this one: tokens carry it in their `rev`
 * (`oauth/revocation-keys.ts` puts it there, for each decision that a token rests on: `Allow.activation`), and
 * an activation with `revoke_older` declares those of all earlier activations dead.
 * @param activation `Allow.activation`: how many sets had been activated when it was decided
 */
export const policyKey = (activation: number): string => `policy:${activation}`;
