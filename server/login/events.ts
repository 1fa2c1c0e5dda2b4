import { z } from "zod";
import { declareEvent } from "../audit/index.ts";
import { ROLES } from "../lib/index.ts";
import { identityProviderEvents } from "./events-identity-providers.ts";
import { LINK_KINDS } from "./link.ts";

export const linkIssued = declareEvent(
  "link.issued",
  "A one-time link was made, by which a person can enrol a passkey. Its secret is nowhere but in the link.",
  z.strictObject({
    link: z.string(),
    kind: z.enum(LINK_KINDS),
    expires: z.int(),
    /** The person has a passkey already: this link lets whoever holds it become her. */
    another: z.boolean(),
  }),
);

export const linkUsed = declareEvent(
  "link.used",
  "A one-time link was used up.",
  z.strictObject({ link: z.string(), kind: z.enum(LINK_KINDS) }),
);

export const administratorLinkMade = declareEvent(
  "administrator.link-made",
  "Whoever holds this installation's store made a link by which somebody is its administrator; no administrator was asked.",
  z.strictObject({
    link: z.string(),
    kind: z.enum(LINK_KINDS),
    expires: z.int(),
    /** Who holds the role, in whatever state they are. */
    administrators: z.array(z.string()),
  }),
  "alarm",
);

export const passkeyEnrolled = declareEvent(
  "passkey.enrolled",
  "A person enrolled a passkey. With its public key her consents and receipts can be verified offline.",
  z.strictObject({
    /** The credential id, base64url. */
    credential: z.string(),
    person: z.string(),
    /** COSE_Key (RFC 9052 §7), base64url. */
    public_key: z.string(),
    /** COSE algorithm: -7 ES256, -8 EdDSA, -257 RS256. */
    algorithm: z.int(),
    counter: z.int(),
    rp_id: z.string(),
    origin: z.string(),
    link: z.string(),
  }),
);

export const sessionStarted = declareEvent(
  "session.started",
  "A person signed in: with a passkey, or in a terminal with a code from her browser.",
  z.strictObject({
    session: z.string(),
    started_by: z.enum(["passkey", "terminal"]),
    credential: z.string(),
    expires: z.int(),
    /** For a terminal: the session that vouched for it. */
    from: z.string().optional(),
  }),
);

export const sessionEnded = declareEvent(
  "session.ended",
  "A person signed out.",
  z.strictObject({ session: z.string() }),
);

export const terminalCodeIssued = declareEvent(
  "terminal-code.issued",
  "A person asked for a one-time code to sign in a terminal.",
  z.strictObject({ session: z.string(), expires: z.int() }),
);

export const roleGranted = declareEvent(
  "role.granted",
  "A person was given a role in Countersign itself.",
  z.strictObject({ role: z.enum(ROLES) }),
);

export const roleWithdrawn = declareEvent(
  "role.withdrawn",
  "A role in Countersign itself was taken from a person.",
  z.strictObject({ role: z.enum(ROLES) }),
);

export const loginEvents = [
  linkIssued,
  linkUsed,
  administratorLinkMade,
  passkeyEnrolled,
  sessionStarted,
  sessionEnded,
  terminalCodeIssued,
  roleGranted,
  roleWithdrawn,
  ...identityProviderEvents,
];
