import type { Grant } from "@countersign/proof/grant";
import type { Delegated } from "@countersign/sdk";
import type { Actor } from "../cast.ts";
import { check } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, chain, happens, person, verdict } from "../stage.ts";

interface Part {
  readonly to: Actor;
  readonly grants: Grant[];
  readonly says: string;
}

interface Edge {
  readonly id: string;
  readonly parent?: string;
  readonly from: string;
  readonly to: string;
  readonly depth: number;
}

/** The planning agent hands each part of the work on, each narrower than what it holds, each for an hour. */
export async function delegation(company: Company, task: string, number: number): Promise<void> {
  act(number, "The planning agent delegates, ever narrower");
  for (const part of partsOf(company)) await handOn(company.planning, part);
  await showTree(company, task);
}

function partsOf({ grant, inventory, costs, reports }: Company): Part[] {
  const europe = { op: "in", values: ["eu-west-1", "eu-central-1"] } as const;
  const quarter = { quarter: { op: "eq", value: "2026-Q3" } } as const;
  return [
    {
      to: inventory,
      grants: [grant("cloud/listMachines", { region: { ...europe, values: [...europe.values] } })],
      says: "cloud/listMachines, in Europe only",
    },
    {
      to: costs,
      grants: [grant("billing/listInvoices", quarter)],
      says: "billing/listInvoices, of this quarter only",
    },
    {
      to: reports,
      grants: [grant("reports/writeDraft"), grant("reports/publish")],
      says: "reports/writeDraft, reports/publish",
    },
  ];
}

async function handOn(planning: Actor, { to, grants, says }: Part): Promise<void> {
  const request = { under: "review", to: to.name, grants, expiresIn: 3_600, purpose: `${to.name}'s part` };
  const delegated = await planning.tell<Delegated>("delegate", request);
  await to.tell("receive", { as: "review", ...delegated });
  const line = chain(person("Alice"), ["signed", agent("planning-agent")], ["narrowed", agent(to.name)]);
  verdict(line, "ALLOW", says);
}

async function showTree({ alice }: Company, task: string): Promise<void> {
  const { items } = await alice.get<{ items: Edge[] }>(`/tasks/${task}/tree`);
  const [root, ...rest] = items;
  check(root?.to === "planning-agent" && root.depth === 1, "the tree begins with what Alice signed");
  check(
    rest.length === 3 && rest.every((edge) => edge.parent === root.id && edge.depth === 2),
    "three hang on it",
  );
  happens("The task's tree, as Countersign keeps it:");
  happens(`  ${person("Alice")}`);
  happens(`  └─ ${agent(root.to)}`);
  for (const edge of rest) happens(`     ${edge === rest.at(-1) ? "└─" : "├─"} ${agent(edge.to)}`);
}
