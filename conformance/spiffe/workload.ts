import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Heard, Order, Sent, Service } from "./client-process.ts";

const PROGRAM = fileURLToPath(new URL("./client-process.ts", import.meta.url));
const PATIENCE_MS = 8_000;

/** The header that every request of a workload has. */
export const HEADER: Sent = { "workload.spiffe.io": "true" };

/** What the contract makes of an answer: of all its messages' members those that this one has. */
export interface Message {
  readonly svids: readonly Svid[];
  readonly federated_bundles: Readonly<Record<string, Buffer>>;
  readonly bundles: Readonly<Record<string, Buffer>>;
  readonly spiffe_id: string;
  readonly claims: { readonly fields: Readonly<Record<string, { readonly stringValue?: string }>> };
  readonly version_info: string;
  readonly nonce: string;
  readonly type_url: string;
  readonly resources: readonly { readonly type_url: string; readonly value: Buffer }[];
  readonly code: number;
  readonly details: string;
}

export interface Svid {
  readonly spiffe_id: string;
  readonly x509_svid: Buffer;
  readonly x509_svid_key: Buffer;
  readonly bundle: Buffer;
  readonly hint: string;
  readonly svid: string;
}

/** A call under way. */
export interface Call {
  /** The next message. @throws Error when it ends instead, or nothing comes */
  next(): Promise<Message>;
  /** How it ends, whatever comes before. */
  ended(): Promise<{ code: number; details: string }>;
  /** The messages that came and were not asked for. */
  waiting(): number;
  say(message: object): void;
  cancel(): void;
}

/** A process that speaks the contract, under a user of its own. */
export interface WorkloadProcess {
  readonly pid: number;
  call(method: string, request?: object, metadata?: Sent): Call;
  /** One message, or how it was refused. */
  ask(method: string, request?: object, metadata?: Sent): Promise<Message>;
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function startWorkload(
  socket: string,
  uid: number,
  service: Service = "SpiffeWorkloadAPI",
): Promise<WorkloadProcess> {
  const child = fork(PROGRAM, [], {
    uid,
    gid: uid,
    serialization: "advanced",
    cwd: "/",
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { PATH: process.env.PATH, HOME: "/" },
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const listeners = new Map<number, (heard: Heard) => void>();
  child.on("message", (heard: Heard) => listeners.get(heard.id)?.(heard));
  let last = 0;
  const send = (order: Order): void => void child.send(order);
  await once(child, "spawn");
  send({ id: ++last, open: socket, service });

  function call(method: string, request: object = {}, metadata: Sent = HEADER): Call {
    const id = ++last;
    const inbox = callInbox();
    listeners.set(id, inbox.hear);
    send({ id, call: method, request, metadata });
    return {
      ...inbox,
      say: (message) => send({ id, say: message }),
      cancel: () => send({ id, cancel: true }),
    };
  }

  return {
    pid: child.pid ?? 0,
    call,
    async ask(method, request, metadata) {
      const asked = call(method, request, metadata);
      const answer = await asked.next().catch(async () => (await asked.ended()) as Message);
      asked.cancel();
      return answer;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

function callInbox() {
  const messages: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  const end = Promise.withResolvers<{ code: number; details: string }>();
  return {
    hear(heard: Heard) {
      if ("ended" in heard) end.resolve(heard.ended);
      else if (waiting.length > 0) waiting.shift()?.(heard.message as Message);
      else messages.push(heard.message as Message);
    },
    next(): Promise<Message> {
      if (messages.length > 0) return Promise.resolve(messages.shift() as Message);
      const next = new Promise<Message>((resolve) => waiting.push(resolve));
      const over = end.promise.then(({ code, details }) => {
        throw new Error(`ended with ${code}: ${details}`);
      });
      return inTime(Promise.race([next, over]));
    },
    ended: () => inTime(end.promise),
    waiting: () => messages.length,
  };
}

function inTime<T>(what: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("nothing came in time")), PATIENCE_MS);
    what.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
