import type { SchemaAndDigest } from "../catalog/index.ts";
import { Fault } from "../lib/index.ts";
import { checkFiles } from "./active-set.ts";
import { isRefused } from "./check.ts";
import type { PolicyFile, Problem } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";

/**
 * Lets only a set pass that passes every check and its own tests.
 * @param on the catalog as it would be; as it is now where nothing is said
 * @throws Fault `invalid` with every problem
 */
export async function requireActivatable(
  deps: PolicyDeps,
  files: readonly PolicyFile[],
  on?: SchemaAndDigest,
): Promise<void> {
  const problems = await checkFiles(deps, files, on);
  if (isRefused(problems)) throw notActivatable(problems);
}

function notActivatable(problems: readonly Problem[]): Fault {
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first] = errors;
  return new Fault(
    "invalid",
    `These policies cannot be activated: ${first?.file}:${first?.line}: ${first?.message}`,
    {
      remedy: "Mend what is listed; the policies that decided before still do.",
      members: { problems },
      record: { problems: errors.length },
    },
  );
}
