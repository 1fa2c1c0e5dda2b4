import { txnTokenType } from "@countersign/proof/txn-token";
import { Fault, seconds } from "../../../lib/index.ts";
import { requireActiveService } from "../../../registry/index.ts";
import type { BoundClient } from "../../client.ts";
import type { TokenResponse } from "../../mint.ts";
import type { OauthDeps } from "../../oauth-deps.ts";
import { type Form, lifetimeOf, parameter } from "../../parameters.ts";
import { beginTransaction, handTransactionOn } from "../../transaction.ts";
import { type RequestDetails, requestContextOf, requestDetailsOf } from "../../transaction-request.ts";
import type { Exchange } from "./exchange.ts";
import { ACCESS_TOKEN } from "./token-types.ts";

const USUAL_LIFETIME = seconds(60);
const LONGEST_LIFETIME = seconds(300);

/**
 * A service that protects a tool asks for a transaction token for the call that it serves, to show it to those
 * behind it; one behind it asks for its own, to go on.
 * @see Transaction Tokens §7, RFC 8693 §2.1
 */
export const exchangeForTransaction: Exchange = {
  takes: (form) => form.requested_token_type === txnTokenType,
  async handle(deps, change, client, form) {
    const service = serviceOf(client);
    requireOwnDomain(deps, form);
    requireActiveService(change, service);
    const asked = { service, lifetime: shortLifetime(form), attackerToken: parameter(form, "subject_token") };
    const type = parameter(form, "subject_token_type");
    const details = requestDetailsOf(form);
    if (type === ACCESS_TOKEN) {
      const call = requireScope(form, details);
      const context = requestContextOf(form);
      return answered(await beginTransaction(deps, change, client, { ...asked, details: call, context }));
    }
    if (type === txnTokenType) {
      const { scope } = form;
      return answered(await handTransactionOn(deps, change, client, { ...asked, details, scope }));
    }
    throw new Fault("invalid-request", "No transaction token is given for such a token.", {
      remedy: `Send a subject token of type ${ACCESS_TOKEN} or ${txnTokenType}.`,
    });
  },
};

/** The scope of a transaction is its one tool. @throws Fault `invalid-request`, `invalid-scope` */
function requireScope(form: Form, details: RequestDetails | undefined): RequestDetails {
  if (details === undefined) {
    throw new Fault("invalid-request", "The parameter request_details is missing.", {
      remedy: "Say in it which tool was called, and with which args or args_hash.",
    });
  }
  if (parameter(form, "scope") === details.tool) return details;
  throw new Fault("invalid-scope", "The scope of a transaction token is the tool that was called.", {
    remedy: "Name the same tool in scope and in request_details.",
  });
}

function serviceOf({ principal }: BoundClient) {
  if (principal.kind === "service") return principal.service;
  throw new Fault("unauthorized-client", "Transaction tokens are for services, between themselves.", {
    remedy: "Use a service's credential.",
  });
}

/** @throws Fault `invalid-target`, `invalid-request` */
function requireOwnDomain({ trustDomain }: OauthDeps, form: Form): void {
  if (form.audience !== trustDomain || form.resource !== undefined) {
    throw new Fault("invalid-target", "A transaction token is for this trust domain, and nothing else.", {
      remedy: `Send audience=${trustDomain}, and no resource.`,
    });
  }
  const foreign = ["actor_token", "actor_token_type", "authorization_details"].find(
    (name) => form[name] !== undefined,
  );
  if (foreign === undefined) return;
  throw new Fault("invalid-request", `A transaction token is asked for without ${foreign}.`, {
    remedy: "What the call may do has been decided; who acts in it is known.",
  });
}

function shortLifetime(form: Form): number {
  const lifetime = form.expires_in === undefined ? USUAL_LIFETIME : lifetimeOf(form);
  if (lifetime <= LONGEST_LIFETIME) return lifetime;
  throw new Fault("invalid-request", "A transaction token lives 1 to 300 seconds.", {
    remedy: "Ask for a lifetime in that range.",
  });
}

const answered = ({ token, expiresIn }: { token: string; expiresIn: number }): TokenResponse => ({
  access_token: token,
  // RFC 8693 §2.2.1: it is no access token.
  token_type: "N_A",
  expires_in: expiresIn,
  issued_token_type: txnTokenType,
});
