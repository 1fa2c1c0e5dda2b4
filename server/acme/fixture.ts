/** For tests only: a server that serves with what a test authority certifies, on a clock that tests move. */
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { connect, type Server as TlsServer } from "node:tls";
import { z } from "zod";
import { testClock } from "../audit/test-databases.ts";
import { type Database, openDatabase } from "../database/index.ts";
import { buildServer, NO_CERTIFICATE_YET, route } from "../http/index.ts";
import { type Deps, nobody, silentLog, systemClock, systemRandom } from "../lib/index.ts";
import { type AcmeDeps, untilStopped } from "./acme-deps.ts";
import { HttpAnswer } from "./answer-http.ts";
import { TlsAlpnAnswer } from "./answer-tls-alpn.ts";
import { CertificateRenewal } from "./renewal.ts";
import { type AcmeSettings, type Asking, readSettings } from "./settings.ts";
import { StateFolder } from "./state-folder.ts";
import { TestAuthority, type TestAuthorityOptions } from "./test-authority.ts";

export const NAME = "countersign.test";

export interface Scene {
  readonly http?: boolean;
  readonly eab?: TestAuthorityOptions["eab"];
  readonly settings?: Partial<AcmeSettings>;
  readonly database?: Database;
}

/** A place with an authority in it; `serve` starts one server after another on the same folder. */
export async function openScene(context: TestContext, scene: Scene = {}) {
  const clock = testClock(Date.now());
  const ports: { tls?: number; http?: number } = {};
  const authority = await TestAuthority.open({ clock, ports, ...(scene.eab && { eab: scene.eab }) });
  const data = mkdtempSync(join(tmpdir(), "countersign-acme-"));
  const told: { message: string; why: string }[] = [];
  const log = {
    ...silentLog,
    error: (fields: object, message: string) => void told.push({ message, ...(fields as { why: string }) }),
  };
  const stop = new AbortController();
  const waited: number[] = [];
  const waiting = { hook: async () => {} };
  const wait = async (ms: number): Promise<void> => {
    waited.push(ms);
    clock.advance(ms);
    await waiting.hook();
  };
  const database = scene.database ?? (await alone());
  const deps: AcmeDeps = { clock, random: systemRandom, log, database, ...untilStopped(stop.signal), wait };
  const asking = askingOf(authority, scene);
  const closing: (() => unknown)[] = [];
  context.after(async () => {
    stop.abort();
    for (const close of closing) await close();
    await authority.close();
    rmSync(data, { recursive: true });
  });
  const path = join(data, "acme");

  const serve = async (wanted: Asking = asking) => {
    const folder = await StateFolder.open(path, wanted);
    const server = await listening(deps);
    const { port } = server.server.address() as AddressInfo;
    const tls = server.server as unknown as TlsServer;
    const httpPort = scene.http === true ? await freePort() : undefined;
    const answer =
      httpPort === undefined
        ? new TlsAlpnAnswer(tls, wanted.name)
        : await HttpAnswer.open(wanted.name, { host: "127.0.0.1", port: httpPort });
    Object.assign(ports, { tls: port }, httpPort === undefined ? {} : { http: httpPort });
    closing.push(() => {
      answer.close();
      return server.close();
    });
    const renewal = new CertificateRenewal(deps, { asking: wanted, folder }, { answer, server: tls });
    return { port, httpPort, folder, answer, look: () => renewal.look(), served: () => served(port) };
  };
  return { authority, clock, asking, data, deps, path, ports, stop, told, waited, waiting, serve };
}

/** One for all scenes: nothing is in it, and it says who orders. */
async function alone(): Promise<Database> {
  opened ??= open();
  return (await opened).database;
}

let opened: ReturnType<typeof open> | undefined;

async function open() {
  const folder = mkdtempSync(join(tmpdir(), "countersign-acme-"));
  const basics = { clock: systemClock, random: systemRandom, log: silentLog };
  return { folder, database: await openDatabase(basics, { folder }, []) };
}

after(async () => {
  const { database, folder } = (await opened) ?? {};
  await database?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

export const askingOf = (authority: TestAuthority, { http, settings }: Scene = {}): Asking => ({
  ...readSettings(
    { agreed: true, directory: authority.directory, ...(http ? { httpPort: 80 } : {}), ...settings },
    new URL(`https://${NAME}`),
  ),
  outbound: { local: false, ca: authority.ca },
});

/** As everything is served: by the one server of this program, with one endpoint. */
async function listening(deps: Deps) {
  const here = route<Deps>()({
    summary: "Here.",
    answers: { 200: z.unknown() },
    handle: async () => ({ status: 200, body: {} }),
  });
  const who = ["anyone"] as const;
  const row = {
    method: "GET" as const,
    path: "/here",
    route: here,
    who,
    rate: "read" as const,
    audit: "here",
  };
  const gate = {
    authenticate: ({ source }: { source: string }) => nobody(source),
    admit() {},
    refused: async () => {},
  };
  const options = { issuer: new URL(`https://${NAME}`), tls: NO_CERTIFICATE_YET };
  const server = buildServer(deps, [row], gate, options);
  await server.listen({ host: "127.0.0.1", port: 0 });
  return server;
}

/** Which certificate whoever comes now gets, by its serial number, and what is answered; or why not. */
export function served(port: number, options: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      servername: NAME,
      rejectUnauthorized: false,
      ...options,
    });
    let text = "";
    socket.on("secureConnect", () => {
      const serial = socket.getPeerX509Certificate()?.serialNumber ?? "";
      socket.on("data", (chunk) => {
        text += chunk.toString();
      });
      socket.on("close", () => resolve(`${serial} ${text.split("\r\n")[0]}`));
      socket.write(`GET /here HTTP/1.1\r\nhost: ${NAME}\r\nconnection: close\r\n\r\n`);
    });
    socket.on("error", (error) => resolve(String((error as NodeJS.ErrnoException).code)));
  });
}

export async function freePort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
