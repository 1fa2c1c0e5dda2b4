import { statSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { type AcmeOptions, acmeOf, acmeOptions } from "./acme-options.ts";
import { type HostHereOptions, hostHere } from "./host-here.ts";
import { from, type Place, placed, placeOf } from "./place.ts";
import { green, say, Trouble } from "./say.ts";
import { spanOf } from "./time-said.ts";

export interface ServeOptions extends Place, AcmeOptions {
  host: string;
  keys?: string;
  tlsCert?: string;
  tlsKey?: string;
  tls?: "spiffe" | "acme";
  caCert?: string;
  caKey?: string;
  pkcs11?: string;
  behindProxy?: boolean;
  proxyAddress?: string;
  proxyClientCert?: boolean;
  logLevel?: string;
  oracleShare?: string;
  dpopNonces?: "required" | "offered" | "off";
  recoverPolicies?: string;
  dormantAfter?: string;
  orphanGrace?: string;
}

export type Running = Awaited<ReturnType<typeof import("@countersign/server")["startServer"]>>;

/** `up` and `serve`: the control plane, for a person at a terminal and for a supervisor. */
export function serveCommands(program: Command): void {
  withOptions(program.command("up").description("start the control plane here, and say how to sign in"))
    .option("--no-run-host", "do not serve the SPIFFE Workload API here")
    .addOption(
      new Option(
        "--workload-socket <path>",
        "where it is served (default: workload.sock in the data folder, for processes of this user)",
      ).env("COUNTERSIGN_WORKLOAD_SOCKET"),
    )
    .action(async (options: ServeOptions & HostHereOptions) => {
      const server = await start(options);
      await greet(server, options);
      await hostHere(server, options);
    });
  withOptions(
    program.command("serve").description("start the control plane under a supervisor; logs to stderr"),
  ).action(async (options: ServeOptions) => {
    const server = await start(options);
    await server.writeFirstLink();
  });
}

const withOptions = (command: Command): Command => operated(certified(acmeOptions(served(placed(command)))));

/** Where it listens, and with which certificate. */
const served = (command: Command): Command =>
  command
    .addOption(
      from(
        "--keys <folder>",
        "where the keys are kept (default: keys in the data folder)",
        "COUNTERSIGN_KEYS",
      ),
    )
    .addOption(from("--host <address>", "the address to listen on", "COUNTERSIGN_HOST").default("127.0.0.1"))
    .addOption(from("--tls-cert <file>", "the certificate to serve with", "COUNTERSIGN_TLS_CERT"))
    .addOption(from("--tls-key <file>", "its private key", "COUNTERSIGN_TLS_KEY"))
    .addOption(
      from(
        "--tls <how>",
        "serve with an SVID of our own, or a certificate by ACME, renewed by itself",
        "COUNTERSIGN_TLS",
      ).choices(["spiffe", "acme"]),
    );

/** Whose keys sign the SVIDs, and what stands in front. */
const certified = (command: Command): Command =>
  command
    .addOption(
      from(
        "--ca-cert <file>",
        "the company's own authority, its root last, which signs the certificates of ours",
        "COUNTERSIGN_CA_CERT",
      ),
    )
    .addOption(from("--ca-key <file>", "its private key", "COUNTERSIGN_CA_KEY"))
    .addOption(
      from(
        "--pkcs11 <where>",
        "keep the keys of SVIDs in an HSM: module=<path>;token=<label>;pin-file=<path>",
        "COUNTERSIGN_PKCS11",
      ),
    )
    .option("--behind-proxy", "a proxy in front ends TLS (env: COUNTERSIGN_BEHIND_PROXY=true)")
    .addOption(
      from(
        "--proxy-address <list>",
        "where the proxy's requests come from: addresses and networks, with commas",
        "COUNTERSIGN_PROXY_ADDRESS",
      ),
    )
    .option(
      "--proxy-client-cert",
      "the proxy passes client certificates on as RFC 9440 says, and lets nobody else (env: COUNTERSIGN_PROXY_CLIENT_CERT=true)",
    );

/** How it goes about its work. */
const operated = (command: Command): Command =>
  command
    .addOption(
      from("--log-level <level>", "how much of its work it tells on stderr", "COUNTERSIGN_LOG_LEVEL")
        .choices(["debug", "info", "warn", "error"])
        .default("warn"),
    )
    .addOption(
      from(
        "--oracle-share <n>",
        "one decision in n is compared with Cedar's own engine (0: none)",
        "COUNTERSIGN_ORACLE_SHARE",
      ).default("100"),
    )
    .addOption(
      from(
        "--dpop-nonces <demand>",
        "whether DPoP proofs must have a nonce of this server",
        "COUNTERSIGN_DPOP_NONCES",
      )
        .choices(["required", "offered", "off"])
        .default("offered"),
    )
    .addOption(
      from(
        "--dormant-after <span>",
        "how long an agent may be silent, such as 30d, or `never`",
        "COUNTERSIGN_DORMANT_AFTER",
      ).default("90d"),
    )
    .addOption(
      from(
        "--orphan-grace <span>",
        "how long an agent goes on whose owner has left",
        "COUNTERSIGN_ORPHAN_GRACE",
      ).default("7d"),
    )
    // No variable of the environment: it is for one start, when policies let nobody in any more.
    .option(
      "--recover-policies <which>",
      "before serving, bring back policies: previous, shipped, or a version",
    );

/** Starts the server in this process and stops it in order when the process is told to end. */
export async function start(options: ServeOptions): Promise<Running> {
  process.umask(0o077);
  if (isOurs(options.data)) cacheCompiled(join(options.data, "compile-cache"));
  const { startServer } = await import("@countersign/server");
  const server = await startServer(configOf(options)).catch(inTrouble);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
  return server;
}

/** What the server refuses with, in this program's words. */
export function inTrouble(error: { remedy?: string } & Error): never {
  throw error.name === "Fault" ? new Trouble(error.message, error.remedy) : error;
}

/** Here, and in every thread that is begun here: each looks for it by itself, and only where this names it. */
function cacheCompiled(folder: string): void {
  enableCompileCache(folder);
  process.env.NODE_COMPILE_CACHE ??= folder;
}

/** What is cached beside the data is run, so nobody else may ever have been able to write there. */
function isOurs(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found === undefined || (found.uid === process.getuid?.() && (found.mode & 0o022) === 0);
}

function configOf(options: ServeOptions) {
  const { tlsCert, tlsKey } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new Trouble("A certificate and its key go together.", "Give both --tls-cert and --tls-key.");
  }
  if (options.tls !== undefined && tlsCert !== undefined) {
    throw new Trouble(
      "It serves with one certificate.",
      `Give --tls ${options.tls}, or --tls-cert and --tls-key.`,
    );
  }
  return {
    ...authorityOf(options),
    ...placeOf(options),
    ...(options.keys === undefined ? {} : { keys: options.keys }),
    host: options.host,
    behindProxy: options.behindProxy === true || process.env.COUNTERSIGN_BEHIND_PROXY === "true",
    ...proxyOf(options),
    ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
    ...(options.recoverPolicies === undefined ? {} : { recoverPolicies: options.recoverPolicies }),
    ...(options.dpopNonces === undefined ? {} : { dpopNonces: options.dpopNonces }),
    lifecycle: lifecycleOf(options),
    oracleShare: shareOf(options.oracleShare ?? "100"),
    ...(tlsCert === undefined || tlsKey === undefined ? {} : { tls: { cert: tlsCert, key: tlsKey } }),
    ...(options.tls === "spiffe" ? { tls: options.tls } : acmeOf(options)),
  };
}

/** Who signs the certificates of our own authority, and where its keys are, where anything is said of it. */
function authorityOf({ caCert, caKey, pkcs11 }: ServeOptions) {
  if ((caCert === undefined) !== (caKey === undefined)) {
    throw new Trouble(
      "An authority's certificate and its key go together.",
      "Give both --ca-cert and --ca-key.",
    );
  }
  return {
    ...(caCert === undefined || caKey === undefined ? {} : { ca: { cert: caCert, key: caKey } }),
    ...(pkcs11 === undefined ? {} : { pkcs11 }),
  };
}

/** What is said of the proxy, where anything is. */
function proxyOf({ proxyAddress, proxyClientCert }: ServeOptions) {
  const clientCertificates = proxyClientCert === true || process.env.COUNTERSIGN_PROXY_CLIENT_CERT === "true";
  const addresses = (proxyAddress ?? "").split(",").map((address) => address.trim());
  if (proxyAddress === undefined && !clientCertificates) return {};
  return { proxy: { addresses: addresses.filter((address) => address !== ""), clientCertificates } };
}

/** No token lives for so long: whatever was issued before a silence or a grace began ends before that does. */
const SHORTEST = 3_600_000;

function lifecycleOf({ dormantAfter = "90d", orphanGrace = "7d" }: ServeOptions) {
  const grace = { orphanGrace: spanOf(orphanGrace) };
  if (grace.orphanGrace < SHORTEST)
    throw new Trouble("An orphan goes on for an hour at least.", "Such as --orphan-grace 7d.");
  if (dormantAfter === "never") return grace;
  const silence = spanOf(dormantAfter);
  if (silence < SHORTEST)
    throw new Trouble(
      "An agent may be silent for an hour at least.",
      "Such as --dormant-after 30d, or never.",
    );
  return { ...grace, dormantAfter: silence };
}

function shareOf(text: string): number {
  const share = Number(text);
  if (Number.isInteger(share) && share >= 0 && share <= 65_536) return share;
  throw new Trouble(
    `${text} is not a share.`,
    "Give 1 for every decision, 100 for one in a hundred, 0 for none.",
  );
}

async function greet(server: Running, options: ServeOptions): Promise<void> {
  say.line(`${green("✓")} Countersign is up at ${server.issuer} (data in ${options.data})`);
  const link = await server.firstLink();
  if (link !== undefined) {
    say.line("\n  Nobody administers it yet. Open this once, within ten minutes, and make your passkey:");
    say.line(`\n  ${link}\n`);
  }
  say.line("  Ctrl-C stops it.");
}
