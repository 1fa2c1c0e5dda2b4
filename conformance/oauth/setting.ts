import assert from "node:assert/strict";
import { agentOf } from "@countersign/sdk";
import type { Administrator } from "../administrator.ts";
import type { ServerProcess } from "../server-process.ts";
import { grantOf, startWorkloads, type Workloads } from "../workloads.ts";
import { type Outsider, outsiderOf } from "./outsider.ts";

/** What the cases play with: an agent and a service that are enrolled, and a task that was consented to. */
export interface Setting extends Workloads {
  readonly server: ServerProcess;
  readonly administrator: Administrator;
  readonly outsider: Outsider;
  /** The other side: the service that protects the ledger, as the same library sees it. */
  readonly resourceServer: Outsider;
  /**
   * A task of the administrator's that she consents to, and what the agent holds for it, as a subject token. From
   * then on the agent has no authority of its own at the ledger.
   */
  openTask(): Promise<{ task: string; delegation: string }>;
}

export async function setTheStage(server: ServerProcess, administrator: Administrator): Promise<Setting> {
  const workloads = await startWorkloads(administrator, server.issuer);
  const { person, human } = administrator;
  await human.signIn();
  await administrator.put("/groups/posters", { grants: [grantOf()] });
  const joined = await administrator.ask("PATCH", `/people/${person}`, { groups: ["posters"] });
  assert.equal(joined.status, 200, String(joined.body));
  // One copy plays many tasks at a time here.
  const shared = await administrator.ask("PATCH", "/agents/posting-agent", {
    delegation: { delegate_to: [], max_depth: 4, needs_person: [], shared: true },
  });
  assert.equal(shared.status, 200, String(shared.body));
  const openTask = async () => {
    const { id } = await workloads.service.ask("POST", "/tasks", {
      person,
      instruction: "Post what is due.",
      purpose: "close the books",
      agent: "posting-agent",
      grants: [grantOf()],
    });
    await human.consent(String(id));
    const { delegation } = await agentOf(workloads.agent).delegationFor(String(id));
    return { task: String(id), delegation };
  };
  return {
    ...workloads,
    server,
    administrator,
    outsider: await outsiderOf(workloads.agent),
    resourceServer: await outsiderOf(workloads.service),
    openTask,
  };
}
