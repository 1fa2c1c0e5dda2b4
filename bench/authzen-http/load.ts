/**
 * The other side: as many questions as a server answers on so many connections that stay open, each with one
 * question under way. Bytes are made beforehand and answers hardly read, so that this side costs little.
 */
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";

/** What to ask whom. */
export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly milliseconds: number;
  /** Whole requests, asked in turn; with `once`, each at most once. */
  readonly requests: readonly string[];
  readonly once: boolean;
  /** The certificate and key to prove oneself with, PEM. */
  readonly identity?: { readonly cert: string; readonly key: string };
}

/** What came of it. */
export interface Loaded {
  readonly answers: number;
  readonly milliseconds: number;
  /** Answers that were not 200. */
  readonly refused: number;
}

process.on("message", async (load: Load) => process.send?.(await run(load)));

async function run({
  port,
  connections,
  milliseconds,
  requests,
  once: each,
  identity,
}: Load): Promise<Loaded> {
  const bytes = requests.map((request) => Buffer.from(request));
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port, identity)));
  let [answers, refused, next, going] = [0, 0, 0, true];
  const ended = Promise.withResolvers<void>();
  const ask = (socket: TLSSocket): void => {
    if (each && next >= bytes.length) ended.resolve();
    else if (going) socket.write(bytes[next++ % bytes.length] ?? "");
  };
  for (const socket of sockets) {
    onAnswer(socket, (good) => {
      answers += 1;
      if (!good) refused += 1;
      ask(socket);
    });
  }
  const began = performance.now();
  for (const socket of sockets) ask(socket);
  const timer = setTimeout(ended.resolve, milliseconds);
  await ended.promise;
  going = false;
  const result = { answers, milliseconds: performance.now() - began, refused };
  clearTimeout(timer);
  for (const socket of sockets) socket.destroy();
  return result;
}

async function open(port: number, identity: Load["identity"]): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...identity });
  await once(socket, "secureConnect");
  return socket.setNoDelay(true);
}

/** Calls back for each whole answer. All of ours fit into one record, so only what is split is put together. */
function onAnswer(socket: TLSSocket, callback: (good: boolean) => void): void {
  let rest = "";
  socket.on("data", (chunk: Buffer) => {
    rest += chunk.toString("latin1");
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, head))?.[1]);
      const end = head + 4 + length;
      if (rest.length < end) return;
      const good = rest.startsWith("HTTP/1.1 200");
      rest = rest.slice(end);
      callback(good);
    }
  });
}
