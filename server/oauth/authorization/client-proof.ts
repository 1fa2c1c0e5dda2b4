import {
  clientAssertionType,
  peekClientId,
  verifyClientAssertion,
} from "@countersign/proof/client-assertion";
import type { KeySet } from "@countersign/proof/jwk";
import { VerificationError } from "@countersign/proof/verification-error";
import type { RawRequest } from "../../http/index.ts";
import { type Caller, Fault, type Strength } from "../../lib/index.ts";
import { findAgentOfClient, type Instance } from "../../registry/index.ts";
import type { Binding } from "../client.ts";
import { authenticateClient } from "../client-authentication.ts";
import { JWT_SVID_TYPE } from "../clients/jwt-svid.ts";
import { asserts, connects, type Offered } from "../clients/method.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { OneTimeProof } from "../one-time-proof.ts";
import { type Form, parameter } from "../parameters.ts";
import { type InteractiveClient, interactiveClient, isInteractiveClient } from "./interactive-client.ts";

/** An interactive client at the token endpoint, as far as it can prove to be it. */
export interface ProvenInteractiveClient {
  readonly client: InteractiveClient;
  /** Who asks, for the log: nobody, where nothing was proven yet. */
  readonly caller: Caller;
  /** What the copy is worth that a token is made for: nobody vouches for a public client's key. */
  readonly strength: Strength;
  /** What proved it, as far as that counts once. */
  readonly once: readonly OneTimeProof[];
  /** What kills whatever it is issued, besides itself: whose word was taken for who it is. */
  readonly rev: readonly string[];
  /** The copy itself, where it has enrolled before. */
  readonly instance?: Instance;
  /** What that has proven to hold along the way, where it came by an SVID: its tokens' key need not be its own. */
  readonly binding?: Binding;
}

/**
 * Authenticates an interactive client by what it is: one with keys in its document by `private_key_jwt`, an enrolled
 * copy by whatever proves who it is anywhere; one without keys by nothing but its id. Whoever has keys must use them.
 * @param request with it, SVIDs are taken as well
 * @throws Fault `invalid-client`, `invalid-request`
 * @see RFC 6749 §2.1, §3.2.1; OpenID Connect Core §9
 */
export async function proveInteractiveClient(
  deps: OauthDeps,
  source: Caller,
  form: Form,
  request?: RawRequest,
): Promise<ProvenInteractiveClient> {
  if (bringsSvid({ source, form, request })) return bySvid(deps, source, form, request);
  if (form.client_assertion === undefined && form.client_assertion_type === undefined) {
    const client = await interactiveClient(deps, parameter(form, "client_id"));
    if (client.kind === "instance" || client.metadata?.authentication === "private_key_jwt")
      throw notProven();
    return { client, caller: source, strength: "bearer", once: [], rev: [] };
  }
  const clientId = refuseUnproven(() => peekClientId(parameter(form, "client_assertion")));
  const client = await interactiveClient(deps, clientId);
  if (client.kind === "instance") return byInstance(deps, source, form, client);
  return byDocument(deps, source, form, client);
}

/** A JWT-SVID, or the SPIFFE ID of the certificate that stands behind the connection. */
const bringsSvid = (offered: Offered): boolean =>
  asserts(offered, JWT_SVID_TYPE) ||
  (connects(offered) && offered.form.client_id?.startsWith("spiffe://") === true);

/**
 * Which client it is, its SVID says: nothing is read of it before that is verified. One whose agent has no access
 * is refused by `interactiveClient`, before anything that it presents is used up.
 */
async function bySvid(
  deps: OauthDeps,
  source: Caller,
  form: Form,
  request: RawRequest | undefined,
): Promise<ProvenInteractiveClient> {
  const { instance, ...proven } = await authenticateClient(deps, source, form, request);
  const client = await interactiveClient(deps, instance.id);
  return { client, ...proven, instance, strength: instance.strength };
}

async function byInstance(
  deps: OauthDeps,
  source: Caller,
  form: Form,
  client: InteractiveClient,
): Promise<ProvenInteractiveClient> {
  const { instance, caller, once, rev } = await authenticateClient(deps, source, form);
  return { client, caller, once, rev, instance, strength: instance.strength };
}

async function byDocument(
  deps: OauthDeps,
  source: Caller,
  form: Form,
  client: InteractiveClient,
): Promise<ProvenInteractiveClient> {
  const { clientId, metadata } = client;
  if (form.client_assertion_type !== clientAssertionType) throw notProven();
  if (form.client_id !== undefined && form.client_id !== clientId) throw notProven();
  if (metadata?.authentication !== "private_key_jwt") throw notProven();
  const keys = await deps.clientDocuments.keysOf(metadata);
  const { jti, expiresAt } = refuseUnproven(() =>
    verifyClientAssertion(parameter(form, "client_assertion"), {
      clientId,
      issuer: deps.issuer,
      resolve: ({ kid }) => keyIn(keys, kid),
      now: deps.clock.now(),
    }),
  );
  const caller: Caller = {
    ...source,
    principal: client.agent.name,
    kind: "agent",
    strength: "enrolled-key",
    via: "client-assertion",
  };
  const key = `assertion|${clientId}|${jti}`;
  return {
    client,
    caller,
    strength: "enrolled-key",
    once: [{ key, expires: expiresAt, refusal: "invalid-client" }],
    rev: [],
  };
}

/**
 * Whether a client means to be one that people start, by its document or by its agent's name. An enrolled copy
 * means itself, though people start it.
 */
export async function meansInteractiveClient(deps: OauthDeps, form: Form): Promise<boolean> {
  const { client_id: attackerId = "", client_assertion: attackerAssertion } = form;
  if (attackerAssertion === undefined) return isInteractiveClient(deps, attackerId);
  try {
    return (await findAgentOfClient(deps, peekClientId(attackerAssertion))) !== undefined;
  } catch (problem) {
    if (problem instanceof VerificationError) return false;
    throw problem;
  }
}

/** By its id; without one only where there is one key. */
function keyIn(keys: KeySet, kid: string | undefined) {
  const [only, ...more] = keys.values();
  if (kid !== undefined) return keys.get(kid);
  return more.length === 0 ? only : undefined;
}

function refuseUnproven<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw notProven(cause);
  }
}

const notProven = (cause?: unknown): Fault =>
  new Fault("invalid-client", "The client could not be authenticated.", {
    remedy: "Authenticate as the client's metadata says, with a new assertion for this issuer.",
    cause,
  });
