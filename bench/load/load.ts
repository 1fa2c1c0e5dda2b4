/**
 * The other side: as many requests as a server answers on so many connections that stay open, each with one
 * request under way. Bytes are made beforehand and answers hardly read, so that this side costs little.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** What to ask whom. */
export interface Load {
  readonly port: number;
  /** Plain HTTP where absent. The certificate and key in it are to prove oneself with, PEM. */
  readonly tls?: { readonly cert?: string; readonly key?: string };
  readonly connections: number;
  readonly milliseconds: number;
  /** Whole requests, asked in turn; with `once`, each at most once. */
  readonly requests: readonly string[];
  readonly once: boolean;
}

/** What came of it. Times in milliseconds. */
export interface Loaded {
  readonly answers: number;
  readonly milliseconds: number;
  /** Answers that were not 200, and the first of them. */
  readonly refused: number;
  readonly refusal?: string;
  /** From the request to its whole answer. */
  readonly p50: number;
  readonly p99: number;
}

process.on("message", async (load: Load) => process.send?.(await run(load)));

async function run({ port, tls, connections, milliseconds, requests, once: each }: Load): Promise<Loaded> {
  const bytes = requests.map((request) => Buffer.from(request));
  const sockets = await Promise.all(Array.from({ length: connections }, (_, i) => open(port, i, tls)));
  const times: number[] = [];
  let [refused, next, going] = [0, 0, true];
  let refusal: string | undefined;
  const ended = Promise.withResolvers<void>();
  const ask = (socket: Socket): void => {
    if (each && next >= bytes.length) ended.resolve();
    else if (going) socket.write(bytes[next++ % bytes.length] ?? "");
  };
  const began = performance.now();
  for (const socket of sockets) {
    let asked = began;
    onAnswer(socket, (answer) => {
      const now = performance.now();
      times.push(now - asked);
      asked = now;
      if (!answer.startsWith("HTTP/1.1 200")) {
        refused += 1;
        refusal ??= answer;
      }
      ask(socket);
    });
    ask(socket);
  }
  const timer = setTimeout(ended.resolve, milliseconds);
  await ended.promise;
  going = false;
  const result = { answers: times.length, milliseconds: performance.now() - began, refused };
  clearTimeout(timer);
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  return {
    ...result,
    ...(refusal === undefined ? {} : { refusal }),
    p50: at(times, 0.5),
    p99: at(times, 0.99),
  };
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(sorted.length * share)] ?? Number.NaN;

/** Each connection from an address of its own: rates are counted by source. */
async function open(port: number, nth: number, tls: Load["tls"]): Promise<Socket> {
  const to = { port, host: "127.0.0.1", localAddress: `127.0.2.${1 + nth}` };
  const socket = tls === undefined ? connect(to) : connectTls({ ...to, rejectUnauthorized: false, ...tls });
  await once(socket, tls === undefined ? "connect" : "secureConnect");
  return socket.setNoDelay(true);
}

/** Calls back for each whole answer. Nearly all fit into one record, so only what is split is put together. */
function onAnswer(socket: Socket, callback: (answer: string) => void): void {
  let rest = "";
  socket.on("data", (chunk: Buffer) => {
    rest += chunk.toString("latin1");
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, head))?.[1]);
      const end = head + 4 + length;
      if (rest.length < end) return;
      const answer = rest.slice(0, end);
      rest = rest.slice(end);
      callback(answer);
    }
  });
}
