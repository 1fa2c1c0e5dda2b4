import { z } from "zod";
import { route } from "../http/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { recordWarrantUse } from "./use-warrant.ts";

const KEPT_A_MINUTE = { "cache-control": "public, max-age=60" };

export const warrantKeys = route<OauthDeps>()({
  summary: "The public keys of root warrants, for whoever verifies a chain offline (RFC 7517).",
  answers: { 200: z.object({ keys: z.array(z.unknown()) }) },
  handle: async ({ keys }) => ({ status: 200, headers: KEPT_A_MINUTE, body: keys.publicJwks("delegation") }),
});

export const warrantUses = route<OauthDeps>()({
  summary: "A service tells of a call that it let pass on a chain of warrants, which it verified by itself.",
  body: z.strictObject({
    resource: z.string().max(300).describe("The service's own resource that was called."),
    method: z.string().max(20),
    url: z.string().max(2_000).describe("As the holder's proof must have named it."),
    at: z.int().describe("When it was verified, in milliseconds since 1970."),
    chain: z.string().max(66_000).describe("The links, root first, joined by ~."),
    proof: z.string().max(16_384).describe("The holder's DPoP proof that came with it."),
    tool: z.string().max(200).describe("The tool's identifier, such as reports/publish."),
    args: z.record(z.string().max(200), z.json()).describe("The arguments, exactly as they are served."),
    phase: z.enum(["called", "returned", "failed"]),
  }),
  answers: { 204: "It is recorded." },
  async handle(deps, caller, { body }) {
    await recordWarrantUse(deps, caller, body);
    return { status: 204 };
  },
});
