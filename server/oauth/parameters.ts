import { type Grant, parseGrants } from "@countersign/proof/grant";
import { parseStrict } from "@countersign/proof/jcs";
import { txnTokenType } from "@countersign/proof/txn-token";
import { type Code, Fault, seconds } from "../lib/index.ts";

/** The parameters of a token request as sent, each at most once. Under the caller's control. */
export type Form = Readonly<Record<string, string | undefined>>;

/** How long a token lives if nothing is said, and at most, in milliseconds. */
const USUAL_LIFETIME = seconds(300);
export const LONGEST_LIFETIME = seconds(900);

/**
 * Ours to know and not on offer. Passing over one would issue something else than was asked for; parameters
 * that no specification we follow defines are passed over, as RFC 6749 §3.2 demands.
 */
const NOT_ON_OFFER: Readonly<Record<string, Code>> = { scope: "invalid-scope", audience: "invalid-target" };

/** Where what is asked for goes to another authorization server, the audience names it. */
const NAMES_AUDIENCE: ReadonlySet<string | undefined> = new Set(["urn:ietf:params:oauth:token-type:id-jag"]);

const IDENTITY = ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];

/** Whether a client asks, for itself, who it is: a token for somebody else, which has an audience. */
export const asksForIdentity = ({ grant_type, requested_token_type }: Form): boolean =>
  grant_type === "client_credentials" && IDENTITY.includes(requested_token_type ?? "");

const namesAudience = (form: Form): boolean =>
  NAMES_AUDIENCE.has(form.requested_token_type) || asksForIdentity(form);

/** @throws Fault `invalid-scope` for `scope`, `invalid-target` for `audience` */
export function refuseNotOnOffer(form: Form): void {
  // Whoever asks for a transaction token must send both; what they may be is judged there.
  if (form.requested_token_type === txnTokenType) return;
  for (const [name, code] of Object.entries(NOT_ON_OFFER)) {
    if (form[name] === undefined || (name === "audience" && namesAudience(form))) continue;
    throw new Fault(code, `This server does not take ${name}.`, {
      remedy: "Name one resource, and what you need of it in authorization_details.",
    });
  }
}

/**
 * A parameter that must be there.
 * @throws Fault `invalid-request`
 */
export function parameter(form: Form, name: string): string {
  const value = form[name];
  if (value !== undefined && value !== "") return value;
  throw new Fault("invalid-request", `The parameter ${name} is missing.`, {
    remedy: "Send it once, not empty.",
  });
}

/**
 * The one resource that is asked for, if any: an absolute URI without a fragment.
 * @throws Fault `invalid-target`
 * @see RFC 8707 §2
 */
export function resourceOf(form: Form): string | undefined {
  const { resource } = form;
  if (resource === undefined) return undefined;
  if (URL.canParse(resource) && !resource.includes("#") && resource.length <= 500) return resource;
  throw new Fault("invalid-target", "The resource is no absolute URI without a fragment.", {
    remedy: "Name the resource exactly as it is registered.",
  });
}

/**
 * The grants that are asked for, if any are named.
 * @throws Fault `invalid-authorization-details` for anything that is not understood to the last member
 * @see RFC 9396 §5
 */
export function authorizationDetailsOf(form: Form): Grant[] | undefined {
  const { authorization_details: attackerText } = form;
  if (attackerText === undefined) return undefined;
  try {
    return parseGrants(parseStrict(attackerText));
  } catch (cause) {
    throw new Fault("invalid-authorization-details", "The authorization_details are no list of grants.", {
      remedy:
        "Send a JSON array of grants, with members and constraints that are known here, and safe integers.",
      cause,
    });
  }
}

/**
 * The lifetime that is asked for, in milliseconds: `expires_in`, whole seconds, at most fifteen minutes.
 * @throws Fault `invalid-request`
 */
export function lifetimeOf(form: Form): number {
  const { expires_in: attackerSeconds } = form;
  if (attackerSeconds === undefined) return USUAL_LIFETIME;
  const lifetime = /^[1-9][0-9]{0,3}$/.test(attackerSeconds) ? seconds(Number(attackerSeconds)) : 0;
  if (lifetime > 0 && lifetime <= LONGEST_LIFETIME) return lifetime;
  throw new Fault("invalid-request", "A token lives 1 to 900 seconds.", {
    remedy: "Ask for a lifetime in that range.",
  });
}
