import { z } from "zod";
import { route } from "../http/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

const KEPT_A_MINUTE = { "cache-control": "public, max-age=60" };

export const warrantKeys = route<OauthDeps>()({
  summary: "The public keys of root warrants, for whoever verifies a chain offline (RFC 7517).",
  answers: { 200: z.object({ keys: z.array(z.unknown()) }) },
  handle: async ({ keys }) => ({ status: 200, headers: KEPT_A_MINUTE, body: keys.publicJwks("delegation") }),
});
