import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { route } from "../http/index.ts";
import type { AttestationDeps } from "./attestation-deps.ts";
import { enrol } from "./enrol.ts";
import { issueJoinToken, joinTokenRequest } from "./issue-join-token.ts";

const attestation = route<AttestationDeps>();

export const joinTokenIssue = attestation({
  summary: "Gives a join token by which one process of an agent or service enrols, once.",
  body: joinTokenRequest,
  answers: { 201: z.object({ id: z.string(), token: z.string(), expires: z.int() }) },
  handle: async (deps, caller, { body }) => ({ status: 201, body: await issueJoinToken(deps, caller, body) }),
});

export const instanceEnrol = attestation({
  summary:
    "Enrols a process: a join token, the public key it made, and a proof that it holds the private one.",
  body: z.strictObject({
    token: z.string().max(200),
    jwk: z.record(z.string(), z.unknown()),
    proof: z.string().max(4_096),
  }),
  answers: {
    201: z.object({
      instance: z.string(),
      kind: z.enum(["agent", "service"]),
      principal: z.string(),
      thumbprint: z.string(),
      strength: z.string(),
      expires: z.int(),
      issuer: z.string(),
      trust_domain: z.string(),
    }),
  },
  handle: async (deps, caller, { body }) => {
    const offered = { attackerToken: body.token, attackerJwk: body.jwk as Json, attackerProof: body.proof };
    const { id, kind, principal, thumbprint, strength, expires } = await enrol(deps, caller, offered);
    const { issuer, trustDomain } = deps;
    return {
      status: 201,
      body: {
        instance: id,
        kind,
        principal,
        thumbprint,
        strength,
        expires,
        issuer,
        trust_domain: trustDomain,
      },
    };
  },
});
