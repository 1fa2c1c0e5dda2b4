import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { DEFAULT_ISSUER } from "./client.ts";
import { green, Misuse, say, Trouble, visible } from "./say.ts";

interface HostFlags {
  server?: string;
  ca?: string;
  joinToken?: string;
  x509?: string;
  k8s?: string;
  cluster: string;
  aws?: boolean;
  gcp?: boolean;
  azure?: boolean;
  socket?: string;
  data?: string;
  runtime?: string;
}

/** `host`: joins this machine and serves the SPIFFE Workload API to its processes. */
export function hostCommand(program: Command): void {
  const known = program.commands.find((command) => command.name() === "host");
  const host = known ?? program.command("host");
  host
    .description("join this machine, and serve its processes their identities (SPIFFE Workload API)")
    .option("--server <url>", "the control plane (or COUNTERSIGN_ISSUER)")
    .option("--ca <file>", "PEM of the authority behind its certificate, in place of the system's")
    .option("--join-token <token>", "join by a token (or COUNTERSIGN_JOIN_TOKEN)")
    .option("--x509 <certificates,key>", "join by a certificate of the company's and its key, PEM files")
    .option("--k8s <token file>", "join by the projected token of the pod")
    .option("--cluster <name>", "the cluster's name, as an administrator has said it", "default")
    .option("--aws", "join by the identity document of this machine")
    .option("--gcp", "join by the identity token of this machine")
    .option("--azure", "join by the attested document of this machine")
    .option("--socket <path>", "where the Workload API is served (default: /run/countersign/workload.sock)")
    .option("--data <folder>", "where the machine's own key is kept, so that a restart needs no new token")
    .option("--runtime <socket>", "ask Docker, Podman, containerd or CRI-O there which images containers run")
    .action((options: HostFlags) => runHere(options));
}

async function runHere(options: HostFlags): Promise<void> {
  const { runHost } = await import("@countersign/host/run");
  const running = await runHost({
    server: { origin: originOf(options), ...caOf(options) },
    evidence: await evidenceOf(options),
    socket: options.socket,
    folder: options.data,
    runtime: options.runtime,
    log: tell,
  }).catch((error: Error) => {
    throw troubleOf(error);
  });
  say.line(
    `${green("✓")} This machine is ${visible(running.host)}; processes ask at unix://${running.socket}`,
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void running.close().then(() => process.exit(0)));
  await new Promise(() => setInterval(() => {}, 3_600_000));
}

const originOf = ({ server }: HostFlags): string =>
  (server ?? process.env.COUNTERSIGN_ISSUER ?? DEFAULT_ISSUER).replace(/\/$/, "");

const caOf = ({ ca }: HostFlags): { ca?: string } =>
  ca === undefined ? {} : { ca: readFileSync(ca, "utf8") };

/** Exactly one kind; none where a key is kept, and then only that serves. */
async function evidenceOf(options: HostFlags) {
  const by = await import("@countersign/host/evidence");
  const joinToken = options.joinToken ?? process.env.COUNTERSIGN_JOIN_TOKEN;
  const { x509, k8s, cluster, aws, gcp, azure, data } = options;
  const [certificates = "", key = ""] = (x509 ?? "").split(",");
  const said = [
    joinToken === undefined ? undefined : by.byJoinToken(joinToken),
    x509 === undefined ? undefined : by.byCertificate({ certificates, key }),
    k8s === undefined ? undefined : by.byKubernetes(cluster, k8s),
    aws === true ? by.byAws() : undefined,
    gcp === true ? by.byGcp() : undefined,
    azure === true ? by.byAzure() : undefined,
  ].filter((source) => source !== undefined);
  const [first] = said;
  if (said.length === 1 && first !== undefined) return first;
  if (said.length === 0 && data !== undefined) return nothingToShow;
  throw new Misuse(
    "Say how this machine joins.",
    "Give one of --join-token, --x509, --k8s, --aws, --gcp, --azure; `countersign join-token host <name>` makes a token.",
  );
}

async function nothingToShow(): Promise<never> {
  throw new Trouble(
    "The key that this machine has kept does not work any more.",
    "Join again: `countersign join-token host <name>` makes a token.",
  );
}

function tell(level: "info" | "warn" | "error", message: string, about: object = {}): void {
  console.error(JSON.stringify({ level, at: new Date().toISOString(), message, ...about }));
}

function troubleOf(error: Error & { refused?: { reason: string; remedy?: string } }): Error {
  if (error instanceof Trouble) return error;
  if (error.refused !== undefined) return new Trouble(error.refused.reason, error.refused.remedy);
  if (error.name === "UpstreamAway")
    return new Trouble(
      `This machine cannot join: ${error.message}.`,
      "Look at --server, --ca and the network.",
    );
  return error.name === "SocketTaken" ? new Trouble(error.message, "Name another one with --socket.") : error;
}
