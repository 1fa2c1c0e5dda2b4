import { z } from "zod";
import { route } from "../http/index.ts";
import { resourceMetadataOf } from "./metadata.ts";
import type { OauthDeps } from "./oauth-deps.ts";

export const resourceMetadata = route<OauthDeps>()({
  summary:
    "Countersign's own API as a protected resource: who issues tokens for it, and how they are bound (RFC 9728).",
  answers: { 200: z.record(z.string(), z.unknown()) },
  handle: async ({ issuer }) => ({
    status: 200,
    headers: { "cache-control": "public, max-age=60" },
    body: resourceMetadataOf(issuer),
  }),
});
