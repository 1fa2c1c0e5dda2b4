import { Fault } from "../../lib/index.ts";
import {
  type Agent,
  aliveAgent,
  findAgent,
  findAgentOfClient,
  findInstance,
  isLive,
  isRegisteredRedirect,
} from "../../registry/index.ts";
import type { ClientMetadata } from "../client-metadata.ts";
import type { OauthDeps } from "../oauth-deps.ts";

/** A client that people start, and the agent that it is. Its name is its maker's word. */
export interface InteractiveClient {
  readonly clientId: string;
  readonly agent: Agent;
  /** What its maker calls it; an agent without a document goes by its own name. */
  readonly attackerName: string;
  readonly redirectUris: readonly string[];
  /** How its processes prove that they are it. */
  readonly kind: "document" | "registered" | "instance";
  readonly metadata?: ClientMetadata;
}

/**
 * The client of this id, if an agent is registered with it: by the address of its metadata document, by its own
 * name where redirect URIs are registered, or by the SPIFFE ID of an enrolled copy. Only then is its document
 * fetched, so that no stranger can send this server anywhere.
 * @throws Fault `invalid-client` for one that is not known or described; `forbidden` when its agent has no access
 */
export async function interactiveClient(
  deps: OauthDeps,
  attackerClientId: string,
): Promise<InteractiveClient> {
  if (attackerClientId.startsWith("spiffe://")) return byInstance(deps, attackerClientId);
  const named = await findAgentOfClient(deps, attackerClientId);
  if (named !== undefined) return byDocument(deps, await aliveAgent(deps, named.name), attackerClientId);
  return byName(deps, attackerClientId);
}

async function byDocument(deps: OauthDeps, agent: Agent, clientId: string): Promise<InteractiveClient> {
  const metadata = await deps.clientDocuments.metadata(clientId);
  const { attackerName, redirectUris } = metadata;
  return { clientId, agent, attackerName, redirectUris, kind: "document", metadata };
}

async function byName(deps: OauthDeps, attackerName: string): Promise<InteractiveClient> {
  const found = await findAgent(deps, attackerName);
  const redirectUris = redirectUrisOf(found);
  if (found === undefined || redirectUris === undefined) throw unknownClient();
  const agent = await aliveAgent(deps, found.name);
  return { clientId: agent.name, agent, attackerName: agent.name, redirectUris, kind: "registered" };
}

async function byInstance(deps: OauthDeps, attackerId: string): Promise<InteractiveClient> {
  const instance = await findInstance(deps, attackerId);
  const live =
    instance?.kind === "agent" && instance.task === undefined && isLive(instance, deps.clock.now());
  const found = live ? await findAgent(deps, instance.principal) : undefined;
  const redirectUris = redirectUrisOf(found);
  if (found === undefined || redirectUris === undefined) throw unknownClient();
  const agent = await aliveAgent(deps, found.name);
  return { clientId: attackerId, agent, attackerName: agent.name, redirectUris, kind: "instance" };
}

/** Whether this is the id of a document, or the name of an agent, under which people start a client. */
export const isInteractiveClient = async (deps: OauthDeps, attackerId: string): Promise<boolean> =>
  (await findAgentOfClient(deps, attackerId)) !== undefined ||
  redirectUrisOf(await findAgent(deps, attackerId)) !== undefined;

const redirectUrisOf = (agent: Agent | undefined): readonly string[] | undefined =>
  agent?.client !== undefined && "redirect_uris" in agent.client ? agent.client.redirect_uris : undefined;

/** Whether the client may be answered there. */
export const mayAnswerAt = ({ redirectUris }: InteractiveClient, attackerUri: string): boolean =>
  isRegisteredRedirect(redirectUris, attackerUri);

const unknownClient = (): Fault =>
  new Fault("invalid-client", "No agent here is registered with this client.", {
    remedy: "An administrator can register the agent with its client id or its redirect URIs.",
  });
