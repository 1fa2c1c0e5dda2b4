import {
  clientAssertionType,
  peekClientId,
  verifyClientAssertion,
} from "@countersign/proof/client-assertion";
import { type Caller, Fault, type ServiceId } from "../lib/index.ts";
import { aliveAgent, aliveService, findInstance, type Instance, isLive } from "../registry/index.ts";
import type { Client, ProvenClient } from "./client.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { type Form, parameter } from "./parameters.ts";

/**
 * Authenticates a running copy by `private_key_jwt`. Its client id is its SPIFFE ID, its key the one that it
 * enrolled with. The assertion counts once: whoever goes on must burn it, and then judge by `activeClient`,
 * so that what is refused from here on stands in the log with the one who has signed.
 * @throws Fault `invalid-client`, always in the same words
 * @see RFC 7523 §2.2, OpenID Connect Core §9
 */
export async function authenticateClient(deps: OauthDeps, source: Caller, form: Form): Promise<ProvenClient> {
  const attackerAssertion = assertionOf(form);
  const clientId = refuseUnproven(() => peekClientId(attackerAssertion));
  if (form.client_id !== undefined && form.client_id !== clientId) throw notProven();
  const instance = await findInstance(deps, clientId);
  if (instance === undefined || !isLive(instance, deps.clock.now())) throw notProven();
  const { jti, expiresAt } = refuseUnproven(() =>
    verifyClientAssertion(attackerAssertion, {
      clientId,
      issuer: deps.issuer,
      resolve: () => deps.holderKeys.import(instance.jwk, instance.thumbprint),
      now: deps.clock.now(),
    }),
  );
  return {
    instance,
    caller: callerOf(instance, source),
    assertion: { key: `assertion|${clientId}|${jti}`, expires: expiresAt, refusal: "invalid-client" },
  };
}

/**
 * Lets only a client pass whose agent or service is active.
 * @throws Fault `forbidden` otherwise
 */
export async function activeClient(deps: OauthDeps, proven: ProvenClient): Promise<Client> {
  return { ...proven, principal: await principalOf(deps, proven.instance) };
}

function assertionOf(form: Form): string {
  if (parameter(form, "client_assertion_type") !== clientAssertionType) throw notProven();
  return parameter(form, "client_assertion");
}

async function principalOf(deps: OauthDeps, instance: Instance): Promise<Client["principal"]> {
  return instance.kind === "agent"
    ? { kind: "agent", agent: await aliveAgent(deps, instance.principal) }
    : { kind: "service", service: await aliveService(deps, instance.principal as ServiceId) };
}

const callerOf = (instance: Instance, source: Caller): Caller => ({
  principal: instance.principal,
  kind: instance.kind,
  strength: instance.strength,
  via: "client-assertion",
  roles: [],
  instance: instance.id,
  keyThumbprint: instance.thumbprint,
  ...(source.source === undefined ? {} : { source: source.source }),
});

function refuseUnproven<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw notProven(cause);
  }
}

const notProven = (cause?: unknown): Fault =>
  new Fault("invalid-client", "The client could not be authenticated.", {
    remedy:
      "Sign a new client assertion with the enrolled key, for this issuer; enrol anew if the instance has ended.",
    cause,
  });
