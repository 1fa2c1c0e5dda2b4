import { z } from "zod";
import { route } from "../http/index.ts";
import { printableText } from "../registry/index.ts";
import { metadataOf } from "./metadata.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { reportRefusal } from "./report-refusal.ts";
import { revokeToken } from "./revoke-token.ts";
import { issueToken } from "./token.ts";
import { callTool, returnTool } from "./use-token.ts";

/** Parameters that no specification we follow defines are passed over (RFC 6749 §3.2). */
const form = z.record(z.string().max(100), z.string());

/** Several are allowed by RFC 8707 §2 and RFC 8693 §2.1; a token of ours is for one. */
const ONE_TARGET = { resource: "invalid-target", audience: "invalid-target" } as const;

const NOT_KEPT = { "cache-control": "no-store", pragma: "no-cache" };
const KEPT_A_MINUTE = { "cache-control": "public, max-age=60" };

export const metadata = route<OauthDeps>()({
  summary: "What this authorization server can do (RFC 8414).",
  answers: { 200: z.record(z.string(), z.unknown()) },
  handle: async ({ issuer, clientCertificates }) => ({
    status: 200,
    headers: KEPT_A_MINUTE,
    body: metadataOf(issuer, clientCertificates),
  }),
});

export const jwks = route<OauthDeps>()({
  summary: "The public keys of access tokens: the active one, the next, and those retired lately (RFC 7517).",
  answers: { 200: z.object({ keys: z.array(z.unknown()) }) },
  handle: async ({ keys }) => ({ status: 200, headers: KEPT_A_MINUTE, body: keys.publicJwks() }),
});

export const token = route<OauthDeps>()({
  summary: "The token endpoint, for clients that authenticate by a key, an SVID or a certificate.",
  encoding: "form",
  faults: "oauth",
  body: form,
  repeated: ONE_TARGET,
  answers: {
    200: z.object({
      access_token: z.string(),
      token_type: z
        .enum(["DPoP", "Bearer", "N_A"])
        .describe("Bearer: bound to the client's certificate (RFC 8705). N_A: no access token."),
      expires_in: z.int(),
      issued_token_type: z.string().optional(),
      authorization_details: z.array(z.unknown()).optional(),
      refresh_token: z.string().optional(),
    }),
  },
  async handle(deps, caller, { body, request }) {
    return { status: 200, headers: NOT_KEPT, body: await issueToken(deps, caller, { form: body, request }) };
  },
});

export const revoke = route<OauthDeps>()({
  summary: "A client gives an access token of its own back (RFC 7009).",
  encoding: "form",
  faults: "oauth",
  body: form,
  answers: { 200: "Whatever was sent: it is of no use any more." },
  async handle(deps, caller, { body, request }) {
    await revokeToken(deps, caller, { form: body, request });
    return { status: 200, headers: NOT_KEPT };
  },
});

export const uses = route<OauthDeps>()({
  summary: "A service asks whether a call may run, which counts it, and tells how it ended.",
  body: z.strictObject({
    jti: printableText(128).describe("Of the access token."),
    tool: printableText(200).describe("The tool's identifier, such as reports/publish."),
    args: z.record(z.string().max(200), z.json()).describe("The arguments, exactly as they are served."),
    phase: z.enum(["called", "returned", "failed"]),
    proof: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/)
      .optional()
      .describe(
        "SHA-256 of the DPoP proof's replay key, base64url, when called: it counts once, at any copy.",
      ),
  }),
  answers: {
    200: z.object({
      action: z.string(),
      authority: z.enum(["approved", "instructed", "autonomous"]).optional(),
      use: z.int().optional(),
      of: z.int().optional(),
    }),
  },
  async handle(deps, caller, { body: { phase, proof, ...asked } }) {
    const call = { ...asked, ...(proof === undefined ? {} : { proof }) };
    if (phase === "called") return { status: 200, body: await callTool(deps, caller, call) };
    return { status: 200, body: await returnTool(deps, caller, { ...call, outcome: phase }) };
  },
});

export const refusals = route<OauthDeps>()({
  summary: "A service reports a call that it turned away by itself, so that the attempt stands in the log.",
  body: z.strictObject({
    resource: z.string().max(300).describe("The service's own resource that was called."),
    tool: printableText(200),
    error: z.enum([
      "invalid_request",
      "invalid_token",
      "invalid_dpop_proof",
      "insufficient_scope",
      "insufficient_user_authentication",
    ]),
    why: printableText(300),
    jti: printableText(128)
      .optional()
      .describe("Of the token, or of a warrant's root, that came with it, if Countersign signed it."),
  }),
  answers: { 204: "It is recorded." },
  async handle(deps, caller, { body }) {
    await reportRefusal(deps, caller, body);
    return { status: 204 };
  },
});
