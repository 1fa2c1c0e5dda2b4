import { z } from "zod";
import { append, perform } from "../../audit/index.ts";
import type { Caller } from "../../lib/index.ts";
import { accepted, environment, requireAdministrator } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { environmentRuled } from "./events-artifacts.ts";
import { type EnvironmentRule, environmentRules, putRule } from "./store-artifacts.ts";

/** What every agent of an environment must show, whatever is declared for it by itself. */
export const ruleDefinition = z.strictObject({
  image: z.boolean().describe("An image that some signer of ours has signed, unless more is declared."),
  model: z.boolean().describe("A model that is registered."),
});

/**
 * Says what every agent of an environment must show. It is asked for at each attestation and renewal from now on.
 * @throws Fault `forbidden`; `invalid`
 */
export function putEnvironmentRule(
  deps: AttestationDeps,
  caller: Caller,
  said: { readonly environment: string; readonly rule: z.input<typeof ruleDefinition> },
): Promise<EnvironmentRule> {
  return perform(deps, caller, "environment.rule", async (change) => {
    requireAdministrator(caller);
    const name = accepted("environment", environment, said.environment);
    const rule = accepted("environment", ruleDefinition, said.rule);
    const before = (await environmentRules(deps.database)).find((each) => each.environment === name);
    const revision = before === undefined ? 0 : before.revision + 1;
    const after: EnvironmentRule = { environment: name, ...rule, revision };
    putRule(change, before, after);
    append(change, environmentRuled(deps, caller, {}, { environment: name, ...rule }));
    return after;
  });
}
