/**
 * Evaluations a second over HTTP on one core, as a share of what a bare Fastify echoes: both with TLS and
 * connections that stay open, each on the same one core, the load from another process on the others. Services
 * prove themselves by their certificate; what DPoP costs instead is told beside it.
 */
import type { ChildProcess } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freshFolder } from "../conformance/place.ts";
import { freePort } from "../conformance/server-process.ts";
import { selfSigned } from "../server/http/test-certificate.ts";
import { prepare, QUESTIONS, requestOf, type Service, withDpop } from "./authzen-http/prepare.ts";
import type { Load } from "./load/load.ts";
import {
  busyMs,
  listening,
  loaded,
  median,
  rounded,
  SERVER_CORE,
  startLoad,
  startOn,
  stopped,
} from "./load/process.ts";
import type { Figures } from "./run.ts";

const ROUNDS = 7;
const ROUND_MS = 1_000;
const WARM_MS = 3_000;
const CONNECTIONS = 64;
const DPOP_REQUESTS = 6_000;
const PATH = "/access/v1/evaluation";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export async function run(): Promise<Figures> {
  const place = freshFolder();
  const stops: (() => Promise<unknown>)[] = [place.remove];
  try {
    const services = await prepare(place);
    const tls = certificateIn(place.data);
    const [echoPort, ourPort] = [await freePort(), await freePort()];
    const echoArguments = [here("./authzen-http/echo.ts"), String(echoPort), tls.cert, tls.key];
    const echo = startOn(SERVER_CORE, echoArguments);
    const ours = startOn(SERVER_CORE, serveArguments(place.data, ourPort, tls));
    const load = startLoad();
    stops.unshift(
      () => stopped(load),
      () => stopped(echo),
      () => stopped(ours),
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
    ratio: rounded(rate("batched") / rate("echo")),
    ratioDurable: rounded(rate("durable") / rate("echo")),
    ratioDpop: rounded(perSecond / rate("echo")),
    echoPerSecond: Math.round(rate("echo")),
    batchedPerSecond: Math.round(rate("batched")),
    durablePerSecond: Math.round(rate("durable")),
    dpopPerSecond: Math.round(perSecond),
    echoCpuUs: rounded(median(cpu.echo)),
    batchedCpuUs: rounded(median(cpu.batched)),
    durableCpuUs: rounded(median(cpu.durable)),
    connections: CONNECTIONS,
    rounds: ROUNDS,
  };
}

async function loads(services: readonly Service[], echoPort: number, ourPort: number) {
  const usual = { connections: CONNECTIONS, milliseconds: ROUND_MS, once: false, tls: {} };
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
    tls: identityOf(by(record)),
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

function identityOf({ instance }: Service): NonNullable<Load["tls"]> {
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
