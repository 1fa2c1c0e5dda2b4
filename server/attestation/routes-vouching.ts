import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { route } from "../http/index.ts";
import type { AttestationDeps } from "./attestation-deps.ts";
import { vouchWithin } from "./workloads/vouch-within.ts";

export const instanceVouch = route<AttestationDeps>()({
  summary:
    "An attested process vouches for an agent within it: the public key that it gave it, and a proof by that key, " +
    "`typ` `vouch+jwt`, with the hash of the canonical {voucher, agent} as `token_hash`. Again: it lives on.",
  body: z.strictObject({
    agent: z.string().max(200),
    jwk: z.record(z.string(), z.unknown()),
    proof: z.string().max(4_096),
  }),
  answers: {
    201: z.object({ instance: z.string(), agent: z.string(), strength: z.string(), expires: z.int() }),
  },
  async handle(deps, caller, { body: { agent, jwk, proof } }) {
    const vouching = { agent, attackerJwk: jwk as Json, attackerProof: proof };
    const { id, principal, strength, expires } = await vouchWithin(deps, caller, vouching);
    return { status: 201, body: { instance: id, agent: principal, strength, expires } };
  },
});
