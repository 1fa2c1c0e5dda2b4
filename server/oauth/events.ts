import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";
import { authorizationEvents } from "./authorization/events.ts";
import { cascadeEvents } from "./events-cascade.ts";
import { partnerEvents } from "./events-partners.ts";
import { transactionEvents } from "./events-transactions.ts";

/** Set while policies are only observed: what they would have said. */
const observed = z.object({ verdict: z.string(), reasons: z.array(z.string()) }).optional();

/** One grant of a token and the decision behind it. */
export const grantedFact = z.object({
  grant: z.record(z.string(), z.unknown()),
  args: z.string().optional(),
  decision: z.string(),
  verdict: z.string(),
  policies: z.array(z.string()),
  policy_version: z.string(),
  obligations: z.array(z.object({ kind: z.string(), value: z.string(), policy: z.string() })),
  receipts: z.array(z.string()),
  approval: z.string().optional(),
  observed,
});

const authority = z.enum(["approved", "instructed", "autonomous"]);

export const tokenIssued = declareEvent(
  "token.issued",
  "An access token was issued, with the decision behind each of its grants.",
  z.object({
    jti: z.string(),
    audience: z.string(),
    client: z.string(),
    key: z.string(),
    strength: z.string(),
    expires: z.int(),
    authority,
    granted: z.array(grantedFact),
    edge: z.string().optional(),
    chain: z.array(z.string()).optional(),
    chain_hash: z.string().optional(),
    consent: z.string().optional(),
    purpose: z.string().optional(),
    /** The chain of warrants that was exchanged for it. */
    warrant: z.object({ root: z.string(), leaf: z.string(), h: z.string() }).optional(),
  }),
);

export const warrantIssued = declareEvent(
  "warrant.issued",
  "The root of a chain of warrants was signed: its holder passes on from it what it wants, with nobody asked.",
  z.object({
    jti: z.string(),
    audience: z.string(),
    client: z.string(),
    key: z.string(),
    expires: z.int(),
    links_left: z.int(),
    granted: z.array(grantedFact),
    edge: z.string(),
    chain: z.array(z.string()),
    chain_hash: z.string(),
    consent: z.string(),
    purpose: z.string(),
  }),
);

export const warrantRegistered = declareEvent(
  "warrant.registered",
  "A link of a warrant, signed by its holder, was presented for the first time and became the delegation that it is.",
  z.object({
    jti: z.string(),
    root: z.string(),
    edge: z.string(),
    by: z.string(),
    to: z.string(),
    hash: z.string(),
    expires: z.int(),
  }),
);

export const warrantRevoked = declareEvent(
  "warrant.revoked",
  "A holder of a warrant gave it back, or took back what it had passed on.",
  z.object({ jti: z.string(), root: z.string(), client: z.string() }),
);

export const warrantUsed = declareEvent(
  "warrant.used",
  "A service let a call pass on a chain of warrants that it verified by itself, with nobody asked, and tells of it.",
  z.object({
    service: z.string(),
    resource: z.string(),
    tool: z.string(),
    phase: z.enum(["called", "returned", "failed"]),
    /** When the service verified it, as it says; within a minute of the holder's own signature. */
    at: z.int(),
    root: z.string(),
    leaf: z.string(),
    h: z.string(),
    args: z.string(),
    /**
     * SHA-256 of what the holder has signed for this call, base64url. Called twice, it was used twice: nobody was
     * asked, so nothing but the memory of each copy of the service let it count once.
     */
    proof: z.string(),
    key: z.string(),
    instance: z.string().optional(),
    /** Who holds the links, root first, by the keys that were enrolled; by its thumbprint where none was. */
    holders: z.array(z.string()),
    /** Whether each link is held by whom it names. */
    as_named: z.boolean(),
    /** Whether something that it rests on had been revoked by the time of this record. */
    revoked: z.boolean(),
  }),
);

export const assertionIssued = declareEvent(
  "assertion.issued",
  "Our word went to another domain: that a person has delegated this to an agent (ID-JAG).",
  z.object({
    jti: z.string(),
    partner: z.string(),
    audience: z.string(),
    resource: z.string(),
    client: z.string(),
    client_id: z.string(),
    key: z.string(),
    expires: z.int(),
    granted: z.array(grantedFact),
    edge: z.string(),
    chain: z.array(z.string()),
    chain_hash: z.string(),
    consent: z.string(),
  }),
);

export const tokenRevoked = declareEvent(
  "token.revoked",
  "A client revoked an access token of its own.",
  z.object({ jti: z.string(), client: z.string() }),
);

export const federationDefined = declareEvent(
  "federation.defined",
  "An administrator said to whom an agent may show an identity token.",
  z.object({ audiences: z.array(z.string()), before: z.array(z.string()) }),
);

export const identityIssued = declareEvent(
  "identity.issued",
  "An agent was given an identity token for somebody else, with the decision behind it.",
  z.object({
    jti: z.string(),
    audience: z.string(),
    subject: z.string(),
    client: z.string(),
    strength: z.string(),
    expires: z.int(),
    decision: z.string(),
    verdict: z.string(),
    policies: z.array(z.string()),
    policy_version: z.string(),
    receipts: z.array(z.string()),
    observed,
  }),
);

export const toolCalled = declareEvent(
  "tool.called",
  "A service let an agent's call of a tool pass, after it was counted here.",
  z.object({
    action: z.string(),
    tool: z.string(),
    labels: z.array(z.string()),
    data: z.array(z.string()).optional(),
    untrusted: z.literal(true).optional(),
    resource: z.string(),
    service: z.string(),
    instance: z.string(),
    strength: z.string(),
    jti: z.string(),
    args: z.string(),
    authority,
    use: z.int().optional(),
    of: z.int().optional(),
    /** Which step of its task's plan it was. */
    plan_step: z.object({ step: z.int(), of: z.int() }).optional(),
    decision: z.string(),
    policies: z.array(z.string()),
    policy_version: z.string(),
    receipts: z.array(z.string()),
    /** What policy asks besides, such as `log: enhanced`. */
    obligations: z.array(z.string()).optional(),
    approval: z.string().optional(),
    observed,
    edge: z.string().optional(),
    chain: z.array(z.string()).optional(),
    chain_hash: z.string().optional(),
    consent: z.string().optional(),
  }),
);

export const toolReturned = declareEvent(
  "tool.returned",
  "A call of a tool ended, as the service that served it says.",
  z.object({
    action: z.string(),
    tool: z.string(),
    jti: z.string(),
    service: z.string(),
    outcome: z.string(),
  }),
);

export const callRefused = declareEvent(
  "call.refused",
  "A service turned a call away by itself; the token named is the one that came with it.",
  z.object({
    service: z.string(),
    resource: z.string(),
    tool: z.string(),
    error: z.string(),
    why: z.string(),
    jti: z.string().optional(),
    edge: z.string().optional(),
  }),
  "refusal",
);

const certificateFacts = z.object({
  id: z.string(),
  service: z.string(),
  subject: z.record(z.string(), z.string()),
  /** SHA-256 of each authority's certificate, base64url. */
  authorities: z.array(z.string()),
});

export const serviceCertificateRegistered = declareEvent(
  "service.certificate-registered",
  "An administrator said by whose certificates, and under which name, a service authenticates.",
  certificateFacts,
);

export const serviceCertificateRemoved = declareEvent(
  "service.certificate-removed",
  "A service authenticates by no certificate of an authority any more; what it was issued on one ended.",
  certificateFacts,
);

/** Every kind of event of this room, for `api/events.json`. */
export const oauthEvents: readonly EventKind[] = [
  tokenIssued,
  tokenRevoked,
  federationDefined,
  identityIssued,
  toolCalled,
  toolReturned,
  callRefused,
  serviceCertificateRegistered,
  serviceCertificateRemoved,
  ...partnerEvents,
  assertionIssued,
  warrantIssued,
  warrantRegistered,
  warrantRevoked,
  warrantUsed,
  ...transactionEvents,
  ...authorizationEvents,
  ...cascadeEvents,
];
