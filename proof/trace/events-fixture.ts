import { type Consent, consentHash, consentType } from "../consent/index.ts";
import { encodeBase64url } from "../digest/index.ts";
import type { Grant } from "../grant/index.ts";
import type { Json } from "../jcs/index.ts";
import { type Receipt, receiptHash, receiptType } from "../receipt/index.ts";
import type { Assertion } from "../webauthn/index.ts";
import { newPerson, origin, type Person, rpId } from "../webauthn/person.ts";
import type { TraceEvent } from "./trace-event.ts";

/** For tests: the people of a small task, what they sign, and the events that the rooms of the server write. */

export const start = Date.UTC(2026, 0, 1, 9);
export const hour = 3_600_000;
export const task = "task_review";

export const alice = newPerson();
export const marta = newPerson();
export const names = { person_alice: "Alice Ng", person_marta: "Marta Ruiz" };

export const grantFor = (tool: string, more: Partial<Grant> = {}): Grant => ({
  type: "agent_tool",
  locations: ["https://company.example"],
  actions: ["tools/call"],
  identifier: tool,
  open_args: true,
  ...more,
});

export const given = [grantFor("costs/read"), grantFor("reports/publish")];

export const consent: Consent = {
  type: consentType,
  trust_domain: "countersign.example.com",
  task,
  instruction_hash: "aW5zdHJ1Y3Rpb24",
  agent: "planning-agent",
  grants: given,
  expires_at: start + hour,
  person: "person_alice",
  issued_at: start,
  nonce: "bm9uY2U",
};

export const receipt: Receipt = {
  type: receiptType,
  request: "approval_1",
  nonce: "bm9uY2Uy",
  requirement: "approval(1 of finance)",
  agent: "cost-analysis-agent",
  person: "person_marta",
  task,
  tool: "reports/publish",
  args_commitment: "YXJncw",
  forbids: [{ id: "external-publication", hash: "aGFzaA" }],
  permits: [{ id: "delegated-calls", hash: "aGFzaDI" }],
  decision: "approve",
  expires_at: start + hour,
};

export const agent = (name: string): TraceEvent["actor"] => ({
  kind: "agent",
  principal: name,
  instance: instanceOf(name),
  strength: "enrolled-key",
  via: "access-token",
});
export const person = (id: string): TraceEvent["actor"] => ({
  kind: "person",
  principal: id,
  strength: "hardware-bound",
  via: "session",
});
export const service: TraceEvent["actor"] = {
  kind: "service",
  principal: "service_company",
  strength: "enrolled-key",
  via: "access-token",
};

export const instanceOf = (name: string): string => `spiffe://countersign.example.com/agent/${name}/1`;

const texts = (assertion: Assertion): Json => ({
  authenticatorData: encodeBase64url(assertion.authenticatorData),
  clientDataJSON: encodeBase64url(assertion.clientDataJSON),
  signature: encodeBase64url(assertion.signature),
});

/** Makes an event, `second` seconds into the story. */
export function event(
  second: number,
  type: string,
  actor: TraceEvent["actor"],
  about: TraceEvent["about"],
  body: { [member: string]: unknown },
): TraceEvent {
  const id = `event_${String(second).padStart(3, "0")}_${type}`;
  return {
    id,
    at: start + second * 1000,
    type,
    severity: "info",
    actor,
    about: { task, ...about },
    body: body as Json,
  };
}

export function enrolled(of: string, key: Person): TraceEvent {
  const body = {
    credential: `credential_${of}`,
    person: of,
    public_key: encodeBase64url(key.credentialPublicKey),
    algorithm: -7,
    counter: 0,
    rp_id: rpId,
    origin,
    link: "link_1",
  };
  const told = event(-100, "passkey.enrolled", person(of), { person: of }, body);
  return { ...told, id: `${told.id}_${of}`, about: { person: of } };
}

export const consentGiven = (signed: Consent, by: Person = alice): TraceEvent =>
  event(
    1,
    "consent.given",
    person("person_alice"),
    { agent: "planning-agent", person: "person_alice" },
    {
      consent: signed,
      hash: consentHash(consent),
      credential: "credential_person_alice",
      assertion: texts(by.sign(consentHash(consent))),
    },
  );

export const extended = (second: number, body: { [member: string]: unknown }): TraceEvent =>
  event(
    second,
    "delegation.extended",
    agent(String(body.from)),
    { agent: String(body.from) },
    {
      grants: [grantFor("costs/read"), grantFor("reports/publish", { max_uses: 3 })],
      expires: start + hour / 2,
      purpose: "cHVycG9zZQ",
      chain_hash: "aGFzaA",
      decision: "decision_1",
      policies: ["delegate-within"],
      policy_version: "v1",
      ...body,
    },
  );

export const subDelegation = (more: { [member: string]: unknown } = {}): TraceEvent =>
  extended(3, {
    edge: "edge_cost",
    parent: "edge_root",
    from: "planning-agent",
    to: "cost-analysis-agent",
    depth: 2,
    ...more,
  });

/** A token for one tool, with its id and the second in which it was issued. */
export const issued = (
  second: number,
  jti: string,
  tool: string,
  more: { [member: string]: unknown } = {},
): TraceEvent =>
  event(
    second,
    "token.issued",
    agent("cost-analysis-agent"),
    { agent: "cost-analysis-agent" },
    {
      jti,
      audience: "https://company.example",
      client: instanceOf("cost-analysis-agent"),
      key: "a2V5",
      strength: "enrolled-key",
      expires: (start + hour / 4) / 1000,
      authority: "instructed",
      granted: [
        {
          grant: { ...grantFor(tool), max_uses: 1, open_args: true },
          decision: "decision_2",
          verdict: "allow",
          policies: ["delegated-calls"],
          policy_version: "v1",
          obligations: [],
          receipts: [],
          ...(more.approval === undefined ? {} : { approval: more.approval }),
        },
      ],
      edge: "edge_cost",
      ...more,
    },
  );

export const called = (
  second: number,
  jti: string,
  tool: string,
  more: { [member: string]: unknown } = {},
): TraceEvent =>
  event(
    second,
    "tool.called",
    service,
    { agent: "cost-analysis-agent", person: "person_alice" },
    {
      action: `action_${second}`,
      tool,
      labels: [],
      resource: "https://company.example",
      service: "service_company",
      instance: instanceOf("cost-analysis-agent"),
      strength: "enrolled-key",
      jti,
      args: "YXJncw",
      authority: "instructed",
      decision: "decision_2",
      policies: ["delegated-calls"],
      policy_version: "v1",
      receipts: [],
      edge: "edge_cost",
      ...more,
    },
  );

export const answered = (signed: Receipt = receipt, more: { [member: string]: unknown } = {}): TraceEvent =>
  event(
    30,
    "approval.answered",
    person("person_marta"),
    { agent: "cost-analysis-agent" },
    {
      approval: "approval_1",
      receipt_id: "receipt_1",
      requirement: signed.requirement,
      decision: signed.decision,
      state: "approved",
      credential: "credential_person_marta",
      receipt: signed,
      assertion: texts(marta.sign(receiptHash(receipt))),
      ...more,
    },
  );

export const refused = (
  second: number,
  code: string,
  details: { [member: string]: unknown },
  by = "cost-analysis-agent",
): TraceEvent =>
  event(
    second,
    "request.refused",
    agent(by),
    { agent: by },
    {
      action: "token.issue",
      code,
      why: "The chain of authority does not cover this.",
      details,
    },
  );
