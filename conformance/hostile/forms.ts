/** Requests of clients that have proven who they are, each right in all its parts: one for each grant. */
import { randomUUID } from "node:crypto";
import { clientAssertionType } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { parseGrants } from "@countersign/proof/grant";
import { agentOf, enrol, type Instance } from "@countersign/sdk";
import type { CompanyIdp } from "../company-idp.ts";
import { READING } from "../oauth/code.ts";
import { codeForm, newProgram, programProof, refreshForm } from "../oauth/program.ts";
import type { Setting } from "../oauth/setting.ts";
import { askAs, claimsOf, grantOf, joinToken, LEDGER, proofsOf, TOOL } from "../workloads.ts";

type Form = Readonly<Record<string, string>>;

/** A request that would be granted. */
export interface GoodForm {
  readonly name: string;
  readonly path: string;
  /** The parameters that are spoilt, one after the other; some of them it does not have, and need not. */
  readonly spoil: readonly string[];
  /** Those without which it would be granted all the same. */
  readonly optional: readonly string[];
  /** What is answered to what is a text and no token, where that is no error. */
  readonly says?: string;
  /** A request of its own for each parameter, where one that was refused uses something up. */
  fresh(): Promise<Ready>;
}

export interface Ready {
  readonly form: Form;
  /** New proofs of who sends it: they count once. */
  prove(): { form: Form; headers: Readonly<Record<string, string>> };
}

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const DELEGATION = "urn:countersign:params:oauth:token-type:delegation";
const WARRANT = "urn:countersign:params:oauth:token-type:warrant";
const WARRANT_CHAIN = "urn:countersign:params:oauth:token-type:warrant_chain";
const TXN_TOKEN = "urn:ietf:params:oauth:token-type:txn_token";
const PARTNER = "https://as.partner.example";

/** What every request at the token endpoint has, and may ask for. */
const USUAL = ["grant_type", "resource", "authorization_details", "expires_in"];
const CLIENT = ["client_assertion_type", "client_assertion"];
const NEED_NOT = ["resource", "authorization_details", "expires_in", "client_id", "requested_token_type"];

export async function goodForms(on: Setting, idp: CompanyIdp): Promise<GoodForm[]> {
  const alone = await reader(on);
  const { agent } = on;
  const { delegation } = await on.openTask();
  const ticket = {
    grant_type: EXCHANGE,
    subject_token: delegation,
    subject_token_type: DELEGATION,
    actor_token: await agent.actorToken(),
    actor_token_type: ACCESS_TOKEN,
    resource: LEDGER,
    authorization_details: JSON.stringify([grantOf()]),
  };
  const tickets = ["subject_token", "subject_token_type", "actor_token", "actor_token_type"];
  return [
    ofCopy(alone, "client credentials", [...USUAL, ...CLIENT, "client_id", "requested_token_type"], {
      grant_type: "client_credentials",
      resource: LEDGER,
      authorization_details: JSON.stringify([READING]),
      expires_in: "60",
    }),
    ofCopy(agent, "an exchange", [...USUAL, ...tickets, ...CLIENT, "requested_token_type"], ticket),
    ofCopy(agent, "a warrant", [...USUAL.slice(1), ...tickets, "requested_token_type"], {
      ...ticket,
      requested_token_type: WARRANT,
    }),
    await chain(on, delegation),
    await assertionAbroad(on, ticket),
    await transaction(on, ticket),
    signIn(on, idp),
    ...aboutTokens(on),
    ...interactive(on),
  ];
}

const overDpop = ({ key, issuer }: Instance, accessToken?: string): string =>
  createDpopProof({
    key: key.privateKey,
    method: "POST",
    url: issuer.tokenEndpoint,
    now: Date.now(),
    jti: randomUUID(),
    ...(accessToken === undefined ? {} : { accessToken }),
  });

/** @param over what the proof covers besides */
function ofCopy(
  copy: Instance,
  name: string,
  spoil: readonly string[],
  form: Form | (() => Promise<Form>),
  over?: string,
): GoodForm {
  return {
    ...{ name, spoil, path: "/oauth/token", optional: NEED_NOT },
    fresh: async () => ({
      form: typeof form === "function" ? await form() : form,
      prove: () => ({
        form: { client_assertion_type: clientAssertionType, client_assertion: proofsOf(copy).assertion },
        headers: { dpop: overDpop(copy, over) },
      }),
    }),
  };
}

/** An agent that reads, on its own authority: the other one has tasks at the ledger. */
async function reader({ administrator, server }: Setting): Promise<Instance> {
  const facts = { class: "operations", purpose: "Reads alone.", environment: "development" };
  const owner = administrator.person;
  await administrator.post("/agents", { name: "reading-agent", ...facts, owner, grants: [READING] });
  const token = await joinToken(administrator, { agent: "reading-agent" });
  return enrol({ issuer: server.issuer, joinToken: token });
}

async function chain({ agent }: Setting, delegation: string): Promise<GoodForm> {
  const root = await agentOf(agent).warrants.mint({ delegation, resource: LEDGER });
  const spoil = [...USUAL.slice(1), "subject_token", "subject_token_type"];
  const form = {
    grant_type: EXCHANGE,
    subject_token: root.chain.join("~"),
    subject_token_type: WARRANT_CHAIN,
    resource: LEDGER,
    authorization_details: JSON.stringify(parseGrants([grantOf()])),
  };
  return ofCopy(agent, "a chain of warrants", spoil, form, root.chain.at(-1));
}

async function assertionAbroad({ administrator, agent }: Setting, ticket: Form): Promise<GoodForm> {
  await administrator.put("/partners/hostile-partner", {
    audience: PARTNER,
    resources: [LEDGER],
    clients: [{ agent: "posting-agent", client_id: "their-agent" }],
    unseen_calls: "allowed",
  });
  const requested_token_type = "urn:ietf:params:oauth:token-type:id-jag";
  const form = { ...ticket, requested_token_type, audience: PARTNER };
  return ofCopy(agent, "an assertion for another domain", ["audience", ...USUAL.slice(1)], form);
}

/** The service shows those behind it whose call it serves. */
async function transaction({ agent, service, server }: Setting, ticket: Form): Promise<GoodForm> {
  const { access_token } = await agent.exchange(ticket);
  const args = { amount: 7 };
  const called = { jti: String(claimsOf(String(access_token)).jti), tool: TOOL, args, phase: "called" };
  const own = await service.actorToken();
  const counted = await askAs(server, service, own, { method: "POST", path: "/oauth/uses", body: called });
  if (counted.status !== 200) throw new Error(`not counted: ${counted.body}`);
  const form = {
    grant_type: EXCHANGE,
    requested_token_type: TXN_TOKEN,
    audience: new URL(service.id).host,
    scope: TOOL,
    subject_token: String(access_token),
    subject_token_type: ACCESS_TOKEN,
    request_details: JSON.stringify({ tool: TOOL, args }),
  };
  const spoil = ["audience", "scope", "subject_token", "subject_token_type", "request_details"];
  return ofCopy(service, "a transaction token", spoil, form);
}

function signIn({ agent, server }: Setting, idp: CompanyIdp): GoodForm {
  const asked = { subject: "carla", audience: server.issuer, clientId: "posting-agent", resource: LEDGER };
  return ofCopy(agent, "a sign-in at the company's provider", ["assertion", ...USUAL.slice(1)], async () => ({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: await idp.idJagFor(asked),
  }));
}

/** Of what is no token there is something to say: that it is none, and that it is of no use any more. */
function aboutTokens({ agent }: Setting): GoodForm[] {
  const asked = ofCopy(agent, "", ["token"], async () => ({ token: await agent.actorToken() }));
  return [
    { ...asked, name: "an introspection", path: "/oauth/introspect", says: '{"active":false}' },
    { ...asked, name: "a revocation", path: "/oauth/revoke", says: "" },
  ];
}

/** A client that a person starts proves nothing but its key. Whoever sends what is wrong spends its code. */
function interactive(on: Setting): GoodForm[] {
  const asked = ["grant_type", "client_id", "resource", "authorization_details", "expires_in"];
  const common = { path: "/oauth/token", optional: NEED_NOT.filter((name) => name !== "client_id") };
  const by = (form: typeof codeForm) => async (): Promise<Ready> => {
    const program = newProgram();
    return {
      form: await form(on, program),
      prove: () => ({ form: {}, headers: { dpop: programProof(program, on.server) } }),
    };
  };
  const code = ["code", "redirect_uri", "code_verifier", ...asked];
  return [
    { name: "a code", ...common, spoil: code, fresh: by(codeForm) },
    { name: "a refresh token", ...common, spoil: ["refresh_token", ...asked], fresh: by(refreshForm) },
  ];
}
