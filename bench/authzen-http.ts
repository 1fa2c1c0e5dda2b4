/**
 * Evaluations a second over HTTP on one core, as a share of what a bare Fastify echoes: both with TLS and
 * connections that stay open, each on the same one core, the load from another process on the others. Services
 * prove themselves by their certificate; what DPoP costs instead is told beside it.
 */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { freshFolder } from "../conformance/place.ts";
import { freePort } from "../conformance/server-process.ts";
import { selfSigned } from "../server/http/test-certificate.ts";
import type { Load, Loaded } from "./authzen-http/load.ts";
import { prepare, QUESTIONS, requestOf, type Service, withDpop } from "./authzen-http/prepare.ts";
import type { Figures } from "./run.ts";

const ROUNDS = 7;
const ROUND_MS = 1_000;
const WARM_MS = 3_000;
const CONNECTIONS = 64;
const DPOP_REQUESTS = 6_000;
const PATH = "/access/v1/evaluation";
const SERVER_CORE = "0";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export async function run(): Promise<Figures> {
  const place = freshFolder();
  const stops: (() => Promise<unknown>)[] = [place.remove];
  try {
    const services = await prepare(place);
    const tls = certificateIn(place.data);
    const [echoPort, ourPort] = [await freePort(), await freePort()];
    const echoArguments = [here("./authzen-http/echo.ts"), String(echoPort), tls.cert, tls.key];
    const echo = start(SERVER_CORE, echoArguments);
    const ours = start(SERVER_CORE, serveArguments(place.data, ourPort, tls));
    const load = start(availableParallelism() > 1 ? "1" : "0", [here("./authzen-http/load.ts")], true);
    stops.unshift(
      () => ended(load),
      () => ended(echo),
      () => ended(ours),
    );
    await Promise.all([listening(echoPort), listening(ourPort)]);
    return await measured(load, { echo, ours }, await loads(services, echoPort, ourPort));
  } finally {
    for (const stop of stops) await stop();
  }
}

/** What is compared: how each is loaded. */
type Contest = Record<"echo" | "batched" | "durable", Load>;

async function measured(
  load: ChildProcess,
  servers: Record<"echo" | "ours", ChildProcess>,
  { contest, dpop }: { contest: Contest; dpop: () => Promise<Load> },
): Promise<Figures> {
  const names = ["echo", "batched", "durable"] as const;
  for (const name of names) await loaded(load, { ...contest[name], milliseconds: WARM_MS });
  const rates = { echo: [] as number[], batched: [] as number[], durable: [] as number[] };
  const cpu = { echo: [] as number[], batched: [] as number[], durable: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      const server = servers[name === "echo" ? "echo" : "ours"];
      const before = busyMs(server);
      const { answers, milliseconds } = await loaded(load, contest[name]);
      rates[name].push((answers / milliseconds) * 1_000);
      cpu[name].push(((busyMs(server) - before) / answers) * 1_000);
    }
  }
  const rate = (name: keyof Contest): number => median(rates[name]);
  const proven = await loaded(load, await dpop());
  const perSecond = (proven.answers / proven.milliseconds) * 1_000;
  return {
    ratio: share(rate("batched") / rate("echo")),
    ratioDurable: share(rate("durable") / rate("echo")),
    ratioDpop: share(perSecond / rate("echo")),
    echoPerSecond: Math.round(rate("echo")),
    batchedPerSecond: Math.round(rate("batched")),
    durablePerSecond: Math.round(rate("durable")),
    dpopPerSecond: Math.round(perSecond),
    echoCpuUs: share(median(cpu.echo)),
    batchedCpuUs: share(median(cpu.batched)),
    durableCpuUs: share(median(cpu.durable)),
    connections: CONNECTIONS,
    rounds: ROUNDS,
  };
}

async function loads(services: readonly Service[], echoPort: number, ourPort: number) {
  const usual = { connections: CONNECTIONS, milliseconds: ROUND_MS, once: false };
  const asked = (host: string, path: string) => QUESTIONS.map((question) => requestOf(host, path, question));
  const issuer = `https://localhost:${ourPort}`;
  const { host } = new URL(issuer);
  const by = (record: Service["record"]): Service => {
    const service = services.find((each) => each.record === record);
    if (service === undefined) throw new Error("a service is missing");
    return service;
  };
  const mine = (record: Service["record"]): Load => ({
    ...usual,
    port: ourPort,
    requests: asked(host, PATH),
    identity: identityOf(by(record)),
  });
  const contest: Contest = {
    echo: { ...usual, port: echoPort, requests: asked(`localhost:${echoPort}`, "/") },
    batched: mine("batched"),
    durable: mine("durable"),
  };
  const dpop = async (): Promise<Load> => ({
    ...usual,
    port: ourPort,
    requests: await withDpop(by("batched"), issuer, PATH, DPOP_REQUESTS),
    once: true,
    milliseconds: 30_000,
  });
  return { contest, dpop };
}

function identityOf({ instance }: Service): NonNullable<Load["identity"]> {
  const { privateKey } = instance.key;
  return { cert: selfSigned(privateKey, "service"), key: pem(privateKey) };
}

const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

function certificateIn(folder: string): { cert: string; key: string } {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const files = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  writeFileSync(files.cert, selfSigned(privateKey, "localhost"));
  writeFileSync(files.key, pem(privateKey), { mode: 0o600 });
  return files;
}

const serveArguments = (data: string, port: number, tls: { cert: string; key: string }): string[] => [
  here("../cli/main.ts"),
  "serve",
  ...["--data", data, "--port", String(port), "--issuer", `https://localhost:${port}`],
  ...["--tls-cert", tls.cert, "--tls-key", tls.key],
];

/**
 * A process that stays on one core with all its threads.
 * @throws Error where there is no taskset: unpinned, the figures would mean nothing
 */
function start(core: string, args: readonly string[], ipc = false): ChildProcess {
  const command = ["-c", core, process.execPath, "--disable-warning=ExperimentalWarning", ...args];
  const stdio: StdioOptions = ["ignore", "inherit", "inherit", ...(ipc ? (["ipc"] as const) : [])];
  return spawn("taskset", command, { stdio });
}

async function loaded(load: ChildProcess, what: Load): Promise<Loaded> {
  load.send(what);
  const [result] = (await once(load, "message")) as [Loaded];
  if (result.refused > 0 || result.answers === 0) throw new Error(`${result.refused} were refused`);
  return result;
}

/** The processor time that all threads of a process have used, in milliseconds. */
function busyMs({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function listening(port: number): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    const open = await once(socket, "secureConnect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${port}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const share = (value: number): number => Math.round(value * 1_000) / 1_000;
