import type { Grant } from "@countersign/proof/grant";
import { acrValues, passkeyAcr, satisfiesAcr } from "@countersign/proof/token";
import { Fault } from "../../lib/index.ts";
import { printableText } from "../../registry/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { authorizationDetailsOf, type Form, resourceOf } from "../parameters.ts";
import { requireFitting } from "../requested.ts";
import { delegatedResource, type Resource } from "../resource.ts";
import { type AuthorizationErrorCode, AuthorizationRefused, type ReturnAddress } from "./answer.ts";
import { type InteractiveClient, interactiveClient, mayAnswerAt } from "./interactive-client.ts";

/** A request that can be shown to a person: whose, where to answer, and what for. */
export interface AuthorizationRequest {
  readonly client: InteractiveClient;
  readonly to: ReturnAddress;
  readonly codeChallenge: string;
  readonly dpopJkt?: string;
  readonly resource: Resource;
  /** What it asks for; all that can be given at the resource where it does not say. */
  readonly asked?: readonly Grant[];
  /** What it says that it is for, in its own words. */
  readonly attackerPurpose?: string;
}

const SHA256 = /^[A-Za-z0-9_-]{43}$/;
const STATE = /^[\x20-\x7e]{1,2000}$/;
const MAX_AGE = /^[0-9]{1,8}$/;
const PROMPTS = new Set(["login", "consent", "select_account"]);
const purpose = printableText(500);

/**
 * Reads an authorization request. Until the redirect URI is known to be the client's, nothing is answered to
 * it: whatever is wrong before that is told to the person, on a page of ours.
 * @throws Fault `invalid-client`, `invalid-request`, `forbidden` for the page; AuthorizationRefused for the client
 * @see RFC 6749 §4.1.1, §4.1.2.1; RFC 7636 §4.3; RFC 8707 §2; RFC 9396 §2; RFC 9449 §10; RFC 9700 §4.11
 */
export async function readAuthorizationRequest(deps: OauthDeps, params: Form): Promise<AuthorizationRequest> {
  const client = await interactiveClient(deps, params.client_id ?? "");
  const to = returnAddressOf(client, params);
  const refuse = refuserFor(to);
  requireKnownShape(params, refuse);
  requireAnswerable(params, refuse);
  const codeChallenge = challengeOf(params, refuse);
  const dpopJkt = optional(params.dpop_jkt, SHA256, "dpop_jkt", refuse);
  const resource = await told(to, () => delegatedResource(deps, resourceOf(params) ?? ""));
  const asked = await told(to, async () => fitting(authorizationDetailsOf(params), resource));
  const attackerPurpose = purposeOf(params, refuse);
  return {
    client,
    to,
    codeChallenge,
    resource,
    ...(dpopJkt === undefined ? {} : { dpopJkt }),
    ...(asked === undefined ? {} : { asked }),
    ...(attackerPurpose === undefined ? {} : { attackerPurpose }),
  };
}

type Refuse = (code: AuthorizationErrorCode, message: string) => never;

const refuserFor =
  (to: ReturnAddress): Refuse =>
  (code, message) => {
    throw new AuthorizationRefused(to, code, message);
  };

function returnAddressOf(client: InteractiveClient, { redirect_uri = "", state }: Form): ReturnAddress {
  if (!mayAnswerAt(client, redirect_uri)) {
    throw new Fault(
      "invalid-request",
      "The address that this request wants its answer sent to is not the client's.",
      {
        remedy: "Start again from the program that you use; if it stays so, tell whoever makes it.",
        record: { about: { agent: client.agent.name } },
      },
    );
  }
  // A state that we would not give back is left out of the refusal of it.
  return {
    redirectUri: redirect_uri,
    ...(state !== undefined && STATE.test(state) ? { attackerState: state } : {}),
  };
}

function requireKnownShape(params: Form, refuse: Refuse): void {
  if (params.request !== undefined) refuse("request_not_supported", "Send the parameters themselves.");
  if (params.request_uri !== undefined)
    refuse("request_uri_not_supported", "Send the parameters themselves.");
  if (params.response_type === undefined) refuse("invalid_request", "response_type is missing.");
  if (params.response_type !== "code") refuse("unsupported_response_type", "Only code is answered.");
  if ((params.response_mode ?? "query") !== "query")
    refuse("invalid_request", "Answers go by the query only.");
  if (params.state !== undefined && !STATE.test(params.state))
    refuse("invalid_request", "The state does not fit.");
  if (params.scope !== undefined) refuse("invalid_scope", "Name what is needed in authorization_details.");
  if (params.audience !== undefined) refuse("invalid_target", "Name one resource.");
}

/** What the person must be able to answer: she is asked, now, and signs with a passkey. */
function requireAnswerable({ prompt, acr_values, max_age }: Form, refuse: Refuse): void {
  const prompts = (prompt ?? "consent").split(" ");
  if (prompts.includes("none")) refuse("interaction_required", "A person consents to each request.");
  if (!prompts.every((one) => PROMPTS.has(one))) refuse("invalid_request", "The prompt is not known.");
  if (max_age !== undefined && !MAX_AGE.test(max_age))
    refuse("invalid_request", "max_age is a number of seconds.");
  const wanted = acr_values?.split(" ");
  if (wanted === undefined || wanted.some((acr) => satisfiesAcr(passkeyAcr, acr))) return;
  refuse("unmet_authentication_requirements", `People sign in here as ${acrValues.join(" or ")}.`);
}

/** @see RFC 7636 §4.4.1 */
function challengeOf({ code_challenge, code_challenge_method }: Form, refuse: Refuse): string {
  if (code_challenge === undefined) refuse("invalid_request", "A code_challenge is required.");
  if (code_challenge_method !== "S256") refuse("invalid_request", "The code_challenge_method must be S256.");
  return (
    optional(code_challenge, SHA256, "code_challenge", refuse) ?? refuse("invalid_request", "It is empty.")
  );
}

function optional(value: string | undefined, form: RegExp, name: string, refuse: Refuse): string | undefined {
  if (value !== undefined && !form.test(value))
    refuse("invalid_request", `The ${name} is no SHA-256 in base64url.`);
  return value;
}

function purposeOf({ purpose: attackerText }: Form, refuse: Refuse): string | undefined {
  if (attackerText === undefined) return undefined;
  const read = purpose.safeParse(attackerText);
  return read.success
    ? read.data
    : refuse("invalid_request", "The purpose is no plain text of 1 to 500 characters.");
}

function fitting(grants: Grant[] | undefined, resource: Resource): Grant[] | undefined {
  if (grants !== undefined) requireFitting(grants, resource);
  return grants;
}

const TOLD: Readonly<Partial<Record<Fault["code"], AuthorizationErrorCode>>> = {
  "invalid-target": "invalid_target",
  "invalid-authorization-details": "invalid_authorization_details",
};

/** What another step finds out about the request is told to the client in its own words. */
async function told<T>(to: ReturnAddress, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (fault) {
    const code = fault instanceof Fault ? TOLD[fault.code] : undefined;
    if (code === undefined) throw fault;
    throw new AuthorizationRefused(to, code, (fault as Fault).message, fault as Fault);
  }
}
