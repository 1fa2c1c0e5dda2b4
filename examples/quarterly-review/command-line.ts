import { execFile } from "node:child_process";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;

/** What a command said, and whether it was content. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

/** Runs `countersign` as its own process, signed in by a terminal session. */
export function countersign(issuer: string, session: string, ...args: string[]): Promise<CommandResult> {
  const env = { COUNTERSIGN_ISSUER: issuer, COUNTERSIGN_SESSION: session, NO_COLOR: "1" };
  const node = ["--disable-warning=ExperimentalWarning", main, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, node, { env, timeout: 20_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}
