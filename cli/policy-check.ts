import { parse } from "yaml";
import { openClient } from "./client.ts";
import { besideActive, type PolicyFile, readDraft } from "./policy-files.ts";
import { counted, done, type Problem, printProblems, summaryOf } from "./policy-print.ts";
import { red, say, Trouble } from "./say.ts";

export interface CheckOptions {
  json?: boolean;
  offline?: boolean;
  beside?: boolean;
}

interface Checked {
  activatable: boolean;
  problems: Problem[];
}

/** `policy check`: everything that would stand in the way of activating these files. */
export async function check(paths: string[], options: CheckOptions): Promise<void> {
  const files = await filesFor(paths, options);
  const { problems, activatable } = await checked(files, options);
  if (options.json === true) say.json({ activatable, problems });
  else {
    printProblems(problems, files);
    if (activatable) done(`${counted(files.length, "file")} can be activated: ${summaryOf(problems)}`);
    else say.line(`${red("✗")} these files cannot be activated: ${summaryOf(problems)}`);
  }
  if (!activatable) process.exitCode = 1;
}

/** `policy test`: the tests beside the policies, and whatever keeps them from being run. */
export async function test(paths: string[], options: CheckOptions): Promise<void> {
  const files = await filesFor(paths, options);
  const { problems, activatable } = await checked(files, options);
  const broken = problems.filter(({ severity }) => severity === "error");
  const tests = files.reduce((sum, file) => sum + testsIn(file), 0);
  if (options.json === true) say.json({ tests, holds: activatable, problems: broken });
  else {
    printProblems(broken, files);
    const tested = files.filter((file) => testsIn(file) > 0).length;
    if (activatable) done(`${counted(tests, "test")} in ${counted(tested, "file")} hold`);
    else say.line(`${red("✗")} ${counted(broken.length, "problem")} in ${counted(tests, "test")}`);
  }
  if (!activatable) process.exitCode = 1;
}

async function filesFor(paths: readonly string[], { beside, offline }: CheckOptions): Promise<PolicyFile[]> {
  const draft = readDraft(paths.length === 0 ? ["policies"] : paths);
  if (beside !== true) return draft;
  if (offline === true)
    throw new Trouble("What decides now is known to the server alone.", "Leave --offline or --beside out.");
  return besideActive(draft);
}

async function checked(files: PolicyFile[], { offline }: CheckOptions): Promise<Checked> {
  if (offline !== true) return openClient().post<Checked>("/policies/check", { policies: files });
  const { checkOffline } = await import("@countersign/server");
  const problems = checkOffline(files);
  return { problems, activatable: problems.every(({ severity }) => severity !== "error") };
}

/** How many tests a file has; what cannot be read has none, and is told of by the check. */
function testsIn({ tests }: PolicyFile): number {
  if (tests === undefined) return 0;
  try {
    const said = parse(tests, { maxAliasCount: 0 }) as { tests?: unknown } | null;
    return Array.isArray(said?.tests) ? said.tests.length : 0;
  } catch {
    return 0;
  }
}
