import type { Command } from "commander";
import { canary, observe, shadow } from "./policy-beside.ts";
import { check, test } from "./policy-check.ts";
import { replay, simulate, why } from "./policy-decisions.ts";
import { activate, diff, rollback, versions } from "./policy-sets.ts";

const JSON_TOO = ["--json", "as JSON, for programs"] as const;
const BESIDE = [
  "--beside",
  "put the files beside those that decide, replacing those of the same name",
] as const;
const REVOKE = ["--revoke-older", "end every token that was issued under an older set"] as const;
const MESSAGE = ["-m, --message <text>", "why, for whoever looks at the versions later"] as const;

/**
 * `policy`: writing, trying and changing what is allowed. A set is named by a folder of .cedar files (with
 * .test.yaml and .settings.yaml beside them), by such files, or by its version.
 */
export function policyCommands(program: Command): void {
  const policy = program.command("policy").description("what is allowed: check, try, change and explain it");
  trying(policy);
  changing(policy);
  explaining(policy);
}

function trying(policy: Command): void {
  policy
    .command("check [files...]")
    .description("everything that stands in the way of activating a set (default: ./policies)")
    .option("--offline", "without a server: the catalog is what the tests say of their tools")
    .option(...BESIDE)
    .option(...JSON_TOO)
    .action(check);
  policy
    .command("test [files...]")
    .description("run the tests beside the policies (default: ./policies)")
    .option("--offline", "without a server: the catalog is what the tests say of their tools")
    .option(...BESIDE)
    .option(...JSON_TOO)
    .action(test);
  policy
    .command("diff [sets...]")
    .description("what becomes other: from what decides to a set, or from one set to another")
    .option("--shipped", "to the policies that come with this version of Countersign")
    .option(...JSON_TOO)
    .action(diff);
  policy
    .command("replay <set...>")
    .description("recorded decisions again: who would be newly refused, allowed or asked")
    .option("--since <time>", "a span ago or a date", "7d")
    .option("--until <time>", "a span ago or a date (default: now)")
    .option("--limit <decisions>", "at most so many, the newest first", "10000")
    .option("--action <name>", "of one tool or action alone")
    .option("--agent <name>", "of one agent alone")
    .option(...BESIDE)
    .option(...JSON_TOO)
    .action(replay);
  policy
    .command("shadow [set...]")
    .description("have a set asked beside the one that decides; without one, tell what it would have decided")
    .option("--stop", "end it")
    .option(...BESIDE)
    .option(...JSON_TOO)
    .action(shadow);
}

function changing(policy: Command): void {
  policy
    .command("canary [set...]")
    .description("have a set decide for a share of the tasks; without one, tell which does")
    .option("--share <percent>", "1 to 99")
    .option("--stop", "end it")
    .option(...BESIDE)
    .option(...JSON_TOO)
    .action(canary);
  policy
    .command("activate <set...>")
    .description("make exactly these policies the ones that decide; `shipped`: beside those of other names")
    .option(...MESSAGE)
    .option(...REVOKE)
    .option(...BESIDE)
    .option(...JSON_TOO)
    .action(activate);
  policy
    .command("rollback [version]")
    .description("bring back the set that decided before, or a named one")
    .option(...MESSAGE)
    .option(...REVOKE)
    .option(...JSON_TOO)
    .action(rollback);
  policy
    .command("observe")
    .description("have policies refuse nothing for a while; without options, tell until when")
    .option("--for <span>", "such as 12h or 7d, at most 30d")
    .option("--until <time>", "a date within 30 days")
    .option("--stop", "have them refuse again")
    .option(...JSON_TOO)
    .action(observe);
}

function explaining(policy: Command): void {
  policy
    .command("versions [version]")
    .description("the sets on record, which decide and which did; or one of them, whole")
    .option("-o, --out <folder>", "write that one into a folder")
    .option(...JSON_TOO)
    .action(versions);
  policy
    .command("why <decision>")
    .description("why a decision came out as it did: policies, the values they read, what would lift them")
    .option(...JSON_TOO)
    .action(why);
  policy
    .command("simulate <question>")
    .description("what a set would say to a question: a file (- for stdin), or in braces as in policy tests")
    .option("--against <set...>", "a folder, files or a version (default: what decides)")
    .option(...JSON_TOO)
    .action(simulate);
}
