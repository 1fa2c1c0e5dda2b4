import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { World } from "../../cedar/fuzz/world.ts";
import { drawnWorlds, listedWorlds, writeAnswers } from "./answers.ts";
import { type Check, type Copy, openCopy } from "./copy.ts";
import type { Mutant } from "./mutants.ts";
import { quickTests } from "./package.ts";

export interface Trial {
  readonly mutants: readonly Mutant[];
  /** How many are tried at once. */
  readonly jobs: number;
  /** How many policy sets each is tried on before the tests run. */
  readonly worlds: number;
  readonly onTried?: (mutant: Mutant, noticed: boolean) => void;
}

/**
 * Tries every mistake. @returns those that nothing noticed, as they were found
 * @throws Error when a check fails without any mistake: then it would seem to notice each
 */
export async function tryMutants({ mutants, jobs, worlds, onTried }: Trial): Promise<Mutant[]> {
  const answers = mkdtempSync(join(tmpdir(), "countersign-answers-"));
  const copies = Array.from({ length: jobs }, openCopy);
  const survivors: Mutant[] = [];
  try {
    const checks = checksWith(answers, worlds);
    const used = new Set(mutants.flatMap(({ file }) => checks[kindOf(file)]));
    await refuseFailing(copies, [...used]);
    const left = mutants.values();
    const work = copies.map(async (copy) => {
      for (const mutant of left) {
        const noticed = await copy.notices(mutant, checks[kindOf(mutant.file)]);
        if (!noticed) survivors.push(mutant);
        onTried?.(mutant, noticed);
      }
    });
    await Promise.all(work);
  } finally {
    for (const copy of copies) copy.remove();
    rmSync(answers, { recursive: true });
  }
  return survivors;
}

async function refuseFailing([copy]: readonly Copy[], checks: readonly Check[]): Promise<void> {
  const failing = (await copy?.failing(checks)) ?? [];
  if (failing.length === 0) return;
  throw new Error(`These fail as the package is:\n${failing.map((each) => each.join(" ")).join("\n")}`);
}

/** What a file is part of: that says which checks can notice a mistake in it. */
type Kind = "deciding" | "extension" | "parsing" | "partial";

const kindOf = (file: string): Kind => {
  if (file.startsWith("partial")) return "partial";
  if (file.startsWith("extension/")) return "extension";
  return file.startsWith("parse") ? "parsing" : "deciding";
};

/** The answers first, since they take a second; then the tests, those of the part itself before the others. */
function checksWith(folder: string, worlds: number): Record<Kind, readonly Check[]> {
  const drawn = replay(join(folder, "drawn"), drawnWorlds(worlds, "json"));
  const listed = replay(join(folder, "listed"), listedWorlds());
  const text = replay(join(folder, "text"), drawnWorlds(Math.ceil(worlds / 10), "text"));
  const tests = quickTests();
  const of = (part: RegExp): Check => testing(tests.filter((file) => part.test(file)));
  const partial = of(/^partial/);
  const parsing = of(/^parse/);
  const extension = of(/^extension\//);
  const rest = of(/^(?!partial|parse|extension\/)/);
  return {
    deciding: [drawn, listed, rest, partial],
    extension: [drawn, extension, listed],
    parsing: [text, parsing],
    partial: [partial, rest],
  };
}

function replay(file: string, asked: readonly World[]): Check {
  writeAnswers(file, asked);
  return ["--disable-warning=ExperimentalWarning", "fuzz/replay.ts", file];
}

const testing = (files: readonly string[]): Check =>
  files.length === 0 ? ["--eval", ""] : ["--disable-warning=ExperimentalWarning", "--test", ...files];
