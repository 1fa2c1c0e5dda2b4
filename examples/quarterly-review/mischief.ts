/** What an agent tries that has been taken over. Each attempt is made as well as it can be. */
import { delegationTokenType } from "@countersign/proof/delegation-token";
import { type AgentProcess, type Answered, answered } from "./agent-process.ts";

export const mischief = (agent: AgentProcess) => ({
  /** Sends the last request once more, with the same proof, byte for byte. */
  async replay(): Promise<Answered> {
    return answered(await fetch(...agent.lastRequest));
  },
  /** Gives its own token away, to an accomplice. */
  async giveAwayActorToken(): Promise<{ actorToken: string }> {
    return { actorToken: await agent.agent.actorToken() };
  },
  /** Gives one of its delegations away. */
  async giveAwayDelegation({ under }: { under: string }): Promise<{ delegation: string }> {
    return { delegation: agent.delegation(under).delegation };
  },
  /** Offers a token that is for a resource as proof of who it is. */
  async actWithToken(input: { under: string; token: string; resource: string }): Promise<void> {
    await splice(
      agent,
      agent.delegation(input.under).delegation,
      agent.token(input.token).token,
      input.resource,
    );
  },
  /** Claims to act under its own delegation as somebody else. */
  async spliceActor(input: { under: string; actorToken: string; resource: string }): Promise<void> {
    await splice(agent, agent.delegation(input.under).delegation, input.actorToken, input.resource);
  },
  /** Claims as itself to act under somebody else's delegation. */
  async spliceDelegation(input: { delegation: string; resource: string }): Promise<void> {
    await splice(agent, input.delegation, await agent.agent.actorToken(), input.resource);
  },
});

async function splice(
  agent: AgentProcess,
  delegation: string,
  actorToken: string,
  resource: string,
): Promise<void> {
  await agent.instance.askForToken({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: delegation,
    subject_token_type: delegationTokenType,
    actor_token: actorToken,
    actor_token_type: "urn:ietf:params:oauth:token-type:access_token",
    resource,
  });
}
