import { z } from "zod";
import { declareEvent, type EventKind } from "../../audit/index.ts";

const what = { request: z.string(), client: z.string(), resource: z.string() };

export const authorizationRequested = declareEvent(
  "authorization.requested",
  "A person looked at what an interactive client asks of her; nothing is given yet.",
  z.object({ ...what, redirect_uri: z.string(), offered: z.array(z.string()) }),
);

export const authorizationGranted = declareEvent(
  "authorization.granted",
  "A person consented, and the client was answered with a code that is good once, for a minute.",
  z.object({ ...what, redirect_uri: z.string(), edge: z.string() }),
);

export const authorizationRefused = declareEvent(
  "authorization.refused",
  "A person gave an interactive client nothing.",
  z.object(what),
);

export const authorizationMisused = declareEvent(
  "authorization.misused",
  "A code or a refresh token came a second time. All that followed from it is revoked.",
  z.object({ ...what, came: z.enum(["code", "refresh-token"]), edge: z.string() }),
  "alarm",
);

export const authorizationEnded = declareEvent(
  "authorization.ended",
  "An interactive client gave its refresh token back; what followed from it is dead.",
  z.object({ ...what, edge: z.string() }),
);

export const authorizationEvents: readonly EventKind[] = [
  authorizationRequested,
  authorizationGranted,
  authorizationRefused,
  authorizationMisused,
  authorizationEnded,
];
