import type { Command } from "commander";
import { inspectionOfProcess } from "./host-inspect-print.ts";
import { Misuse, say, Trouble } from "./say.ts";

type Host = typeof import("@countersign/host/process");
export type Attested = Awaited<ReturnType<Host["attestProcess"]>>;

/** What is known of a process before it is measured. */
export interface Looked {
  readonly attested: Attested;
  readonly uid: number;
  /** Where its program is, if it says. */
  readonly program: string | undefined;
}

/** `host inspect`: what would be attested of a process, so that nobody guesses at entries. */
export function hostInspectCommand(program: Command): void {
  const host =
    program.commands.find((command) => command.name() === "host") ??
    program.command("host").description("what runs on the machines where agents run");
  host
    .command("inspect <pid>")
    .description("what would be attested of a process, what is missing, and an entry for it")
    .option(
      "--runtime <socket>",
      "ask Docker, Podman, containerd or CRI-O there which image a container runs",
    )
    .option("--json", "as data")
    .addHelpText("after", "\nOf other users' processes root alone can see enough.")
    .action(inspect);
}

async function inspect(
  attackerPid: string,
  { runtime, json }: { runtime?: string; json?: true },
): Promise<void> {
  if (!/^[1-9]\d{0,9}$/.test(attackerPid))
    throw new Misuse(
      "A process is named by its number.",
      "Like this: countersign host inspect $(pgrep -f planner.js)",
    );
  const looked = await look(Number(attackerPid), runtime);
  if (json) say.json(asData(looked.attested));
  else for (const line of await inspectionOfProcess(looked)) say.line(line);
}

async function look(pid: number, runtime: string | undefined): Promise<Looked> {
  const { HostRefusal, processWith } = await import("@countersign/host/peer");
  const { attestProcess, imagesOf } = await import("@countersign/host/process");
  try {
    const peer = processWith(pid);
    const images = runtime === undefined ? {} : { imageOf: imagesOf(runtime) };
    const attested = await attestProcess(peer, { files: [] }, images);
    peer.close();
    return { attested, uid: peer.uid, program: shownAs(attested, ["unix:path", "process:interpreter_path"]) };
  } catch (error) {
    if (error instanceof HostRefusal) throw new Trouble(error.message, error.remedy, { code: error.code });
    throw error;
  }
}

function shownAs({ selectors }: Attested, kinds: readonly string[]): string | undefined {
  const found = kinds.flatMap((kind) => selectors.filter((selector) => selector.startsWith(`${kind}:`)))[0];
  return found?.split(":").slice(2).join(":");
}

function asData({ withheld = [], ...attested }: Attested): object {
  return {
    ...attested,
    withheld: withheld.map(({ code, message, remedy }) => ({ code, reason: message, remedy })),
  };
}
