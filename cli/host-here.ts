import { resolve } from "node:path";
import { say, visible } from "./say.ts";
import type { Running, ServeOptions } from "./serve.ts";

export interface HostHereOptions {
  runHost?: boolean;
  workloadSocket?: string;
}

/** The name of the machine on which `up` runs, among those that have joined. */
const NAME = "local";

/**
 * Under `up` the machine of the control plane is a host as well: it joins over HTTP like any other. The control
 * plane stands whatever becomes of it. Its key is in memory: with each start it joins again.
 */
export async function hostHere(
  server: Running,
  { runHost = true, workloadSocket, data }: HostHereOptions & Pick<ServeOptions, "data">,
): Promise<void> {
  // Elsewhere the public address may lead through a proxy, and there may be several servers: `countersign host`.
  if (!runHost || !/^http:\/\/localhost(:|$)/.test(server.issuer)) return;
  const socket = resolve(workloadSocket ?? `${data}/workload.sock`);
  try {
    const [run, { byJoinToken }] = await Promise.all([
      import("@countersign/host/run"),
      import("@countersign/host/evidence"),
    ]);
    const evidence: ReturnType<typeof byJoinToken> = async (wanted) =>
      byJoinToken(await server.joinToken(NAME))(wanted);
    const host = await run.runHost({ server: { origin: server.issuer }, evidence, socket, log: tell });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void host.close());
    say.line(`  Processes on this machine get SPIFFE identities at unix://${visible(socket)}`);
  } catch (error) {
    tell("warn", `No identities are served to processes here: ${(error as Error).message}`);
  }
}

function tell(level: "info" | "warn" | "error", message: string, about: object = {}): void {
  if (level !== "info")
    console.error(JSON.stringify({ level, at: new Date().toISOString(), message, ...about }));
}
