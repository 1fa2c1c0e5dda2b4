import { check, inShort, refusalOf } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, aside, chain, happens, person, verdict } from "../stage.ts";

const instruction = "Review what the cloud cost us in the third quarter, and publish the report.";

/**
 * Alice asks the portal for the review. It opens a task, tells the planning agent, and has nothing else: what
 * begins the task is her signature, which she gives to Countersign alone.
 *
 * @returns the task's id
 */
export async function consent(company: Company, number: number): Promise<string> {
  const { alice, planning } = company;
  act(number, "Alice asks for the review, and signs what she gives");
  const task = await askPortal(company, instruction);
  happens(`${person("Alice")} to the portal: “${instruction}”`);
  const early = await refusalOf(
    "nothing is delegated before she has signed",
    planning.tell("pickUp", { task, as: "review" }),
  );
  verdict(chain(person("Alice"), ["asked for", agent("planning-agent")]), "REFUSED", inShort(early));

  const signed = await alice.tell<{ hash: string; instruction: string }>("consent", { task });
  check(signed.instruction === instruction, "she was shown what she had asked for");
  await planning.tell("pickUp", { task, as: "review" });
  verdict(
    chain(person("Alice"), ["signed", agent("planning-agent")]),
    "ALLOW",
    `consent ${signed.hash.slice(0, 12)}…`,
  );
  aside("for two hours: read cloud and billing, write reports, publish them");
  return task;
}

/** The portal opens a task for Alice: read access to cloud and billing, write access to reports. */
export async function askPortal({ portal, alice, grant }: Company, words: string): Promise<string> {
  const { task } = await portal.tell<{ task: string }>("openTask", {
    person: alice.id,
    instruction: words,
    purpose: "quarterly review",
    agent: "planning-agent",
    grants: ["cloud/listMachines", "billing/listInvoices", "reports/writeDraft", "reports/publish"].map(
      (tool) => grant(tool),
    ),
    expiresIn: 7_200,
  });
  return task;
}
