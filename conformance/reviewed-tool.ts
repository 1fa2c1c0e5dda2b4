import assert from "node:assert/strict";
import type { JsonObject } from "@countersign/proof/jcs";
import type { Instance } from "@countersign/sdk";
import { Person } from "../examples/authenticator/person.ts";
import type { Administrator } from "./administrator.ts";
import { type Address, jsonOf } from "./wire.ts";
import { askForToken, claimsOf, grantOf, proofsOf } from "./workloads.ts";

const TOOL = "ledger/audit";

/** A tool of which every call needs a person of the security group, and her at her browser. */
export interface ReviewedTool {
  /** A call that she has just approved, under a token that holds her approval: as a service reports it. */
  approvedCall(): Promise<JsonObject>;
}

const POLICY = `kind: Policy
name: audits-are-reviewed
spec:
  text: |
    @id("audits-are-reviewed")
    @lift("security-review")
    @reason("Audits need a security review.")
    forbid (principal, action == Action::"ledger/audit", resource);
`;

export async function addReviewedTool(
  administrator: Administrator,
  server: Address,
  agent: Instance,
): Promise<ReviewedTool> {
  await administrator.put("/servers/ledger/tools/audit", {
    description: "Audits.",
    labels: ["write"],
    inputSchema: { type: "object", properties: { amount: { type: "integer" } } },
  });
  const grants = [grantOf(), grantOf({ identifier: TOOL })];
  const widened = await administrator.ask("PATCH", "/agents/posting-agent", { grants });
  assert.equal(widened.status, 200, String(widened.body));
  await administrator.human.browser.sendYaml("/manifest/apply", POLICY);
  const sue = await reviewer(administrator, server);
  let amount = 0;
  return {
    async approvedCall() {
      amount += 1;
      const { open_args: _, ...exact } = grantOf({
        identifier: TOOL,
        args: { amount: { op: "eq", value: amount } },
      });
      const pending = jsonOf<{ approval: string }>(await askForToken(server, proofsOf(agent), [exact]));
      await sue.answer(pending.approval, "approve");
      const answer = await askForToken(server, proofsOf(agent), [exact]);
      assert.equal(answer.status, 200, String(answer.body));
      const { jti = null } = claimsOf(jsonOf<{ access_token: string }>(answer).access_token);
      return { jti, tool: TOOL, args: { amount }, phase: "called" };
    },
  };
}

async function reviewer(administrator: Administrator, server: Address): Promise<Person> {
  await administrator.put("/groups/security", { grants: [] });
  const said = { name: "Sue", email: "sue@acme.example", groups: ["security"] };
  const { id } = await administrator.post<{ id: string }>("/people", said);
  const { url } = await administrator.post<{ url: string }>(`/people/${id}/enrolment-link`);
  const sue = new Person(server.issuer);
  await sue.enrol(url);
  return sue;
}
