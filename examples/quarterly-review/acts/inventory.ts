import type { Answered, Received } from "../agent-process.ts";
import { check, served, turnedAway } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, aside, chain, person, resource, verdict } from "../stage.ts";

const tool = "cloud/listMachines";
const args = { region: "eu-west-1" };

/** A token for one purpose, for two seconds. Nothing drives the clock: when it has expired, it is refused. */
export async function inventory(company: Company, number: number): Promise<void> {
  act(number, "The inventory agent gets a token for one purpose, for two seconds");
  const line = chain(
    person("Alice"),
    ["signed", agent("planning-agent")],
    ["narrowed", agent("cloud-inventory-agent")],
    ["called", resource(tool)],
  );
  const { token: first, answer } = await askAndCall(company);
  const { machines } = served("a fresh token is served", answer) as { machines: unknown[] };
  verdict(line, "ALLOW", `${machines.length} machines in ${args.region}`);

  // The agent counts from when it asked, the token from when it was issued: the service shall be the one that says no.
  const issuedLater = 1_000;
  await new Promise((resolve) =>
    setTimeout(resolve, Math.max(0, first.expiresAt + issuedLater - Date.now())),
  );
  const refused = turnedAway("an expired token is turned away", await call(company), "invalid_token");
  verdict(line, "REFUSED", refused);

  const { token: second, answer: again } = await askAndCall(company);
  check(second.decision !== first.decision, "policy was evaluated anew");
  served("a new token is served", again);
  verdict(line, "ALLOW", "policy was asked again");
  aside(`${first.decision}, then ${second.decision}`);
}

/** On a machine that is very busy two seconds may pass before the call arrives; then it asks once more. */
async function askAndCall(company: Company): Promise<{ token: Received; answer: Answered }> {
  for (let attempt = 1; ; attempt++) {
    const token = await ask(company);
    const answer = await call(company);
    if (answer.status === 200 || attempt === 5) return { token, answer };
  }
}

function ask({ inventory, audience }: Company): Promise<Received> {
  return inventory.tell<Received>("ask", {
    as: "count",
    under: "review",
    resource: audience("cloud"),
    expiresIn: 2,
  });
}

const call = ({ inventory, at }: Company) =>
  inventory.tell<Answered>("call", { token: "count", url: at(tool), tool, args });
