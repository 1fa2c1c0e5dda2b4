import type { Fault } from "../../lib/index.ts";
import type { Binding } from "./platform.ts";
import type { Preset, ReadToken } from "./presets/index.ts";
import { refused } from "./refused.ts";

/**
 * The one rule whose claims a token all says, exactly.
 * @param asked the agent that it is meant for, where several share what a platform says of them
 * @throws Fault, reasons `no-rule`, `several-agents`, `event-not-named`
 */
export function standsFor(
  bindings: readonly Binding[],
  { facts }: ReadToken,
  { begunBy }: Pick<Preset, "begunBy">,
  asked?: string,
): Binding {
  const meant = bindings.filter(({ agent }) => asked === undefined || agent === asked);
  const fitting = meant.filter(({ claims }) =>
    Object.entries(claims).every(([name, value]) => facts[name] === value),
  );
  const [only, ...more] = fitting.filter((binding) => !begunByOthers(binding, facts, begunBy));
  if (only === undefined) throw fitting.length > 0 ? byOutsiders() : noRule();
  if (more.length === 0) return only;
  throw refused("several-agents", "What the platform says fits several agents.", {
    remedy: "Say in `agent` which of them this is.",
  });
}

function begunByOthers({ claims }: Binding, facts: ReadToken["facts"], begunBy: Preset["begunBy"]): boolean {
  if (begunBy === undefined) return false;
  const { name, insiders } = begunBy;
  return !insiders.includes(facts[name] ?? "") && claims[name] === undefined;
}

const noRule = (): Fault =>
  refused("no-rule", "Nobody here is what the platform says of this workload.", {
    remedy: "Have an administrator compare the agent's rule with what the token says.",
  });

const byOutsiders = (): Fault =>
  refused("event-not-named", "Outsiders can begin such a job, and no rule says that this may count.", {
    remedy: "Have an administrator name the event in the agent's rule, if outsiders may act as it.",
  });
