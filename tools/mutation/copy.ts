import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "./mutants.ts";
import { MODULES, PACKAGE } from "./package.ts";

/** Arguments for node, to be run in the folder of the copied package: success means that nothing is amiss. */
export type Check = readonly string[];

/** A copy of the package in which mistakes are tried, one after the other. */
export interface Copy {
  /** Whether some check fails with the mistake in place. They run in order, until one does. */
  notices(mutant: Mutant, checks: readonly Check[]): Promise<boolean>;
  /** The checks that fail as the package is: with one of them every mistake would be noticed. */
  failing(checks: readonly Check[]): Promise<readonly Check[]>;
  remove(): void;
}

/** Longer than any check takes: a mistake that never ends is noticed too. */
const PATIENCE_MS = 60_000;

export function openCopy(): Copy {
  const root = mkdtempSync(join(tmpdir(), "countersign-mutation-"));
  const folder = join(root, "package");
  cpSync(PACKAGE, folder, { recursive: true, filter: (path) => !path.includes(".readme-") });
  symlinkSync(MODULES, join(root, "node_modules"));
  return {
    async notices(mutant, checks) {
      const file = join(folder, mutant.file);
      writeFileSync(file, mutant.text);
      try {
        for (const check of checks) if (!(await succeeds(check, folder))) return true;
        return false;
      } finally {
        writeFileSync(file, mutant.original);
      }
    },
    async failing(checks) {
      const failing: Check[] = [];
      for (const check of checks) if (!(await succeeds(check, folder))) failing.push(check);
      return failing;
    },
    remove: () => rmSync(root, { recursive: true }),
  };
}

/** A test that runs tests would otherwise take theirs for its own. */
const { NODE_TEST_CONTEXT: _, ...ENVIRONMENT } = process.env;

function succeeds(args: Check, cwd: string): Promise<boolean> {
  const options = { cwd, env: ENVIRONMENT, timeout: PATIENCE_MS, killSignal: "SIGKILL" } as const;
  const child = spawn(process.execPath, args, { ...options, stdio: "ignore" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code === 0));
  });
}
