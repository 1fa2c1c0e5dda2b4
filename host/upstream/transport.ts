import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { UpstreamAway } from "./upstream.ts";

/** Where the control plane is, and how to know that it is the one. */
export interface Server {
  /** Its origin, such as `https://countersign.example.com`. Plain HTTP goes to this very machine only. */
  readonly origin: string;
  /** PEM of the authorities that its certificate may come from, in place of those that Node knows. */
  readonly ca?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface Ask {
  readonly method: "GET" | "POST";
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** How long to wait for the whole answer, in milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface Transport {
  readonly origin: string;
  /** @throws UpstreamAway when it cannot be reached, fails, or answers with what cannot be read */
  ask(ask: Ask): Promise<Answer>;
  close(): void;
}

const TIMEOUT = 30_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** @throws TypeError for an origin that is none, or plain HTTP to another machine */
export function openTransport({ origin: attackerOrigin, ca }: Server): Transport {
  const { protocol, hostname, origin } = new URL(attackerOrigin);
  const local = hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
  if (protocol !== "https:" && !(protocol === "http:" && local))
    throw new TypeError("the control plane is reached over https, or over http on localhost");
  const options = { keepAlive: true, maxSockets: 16 };
  const secure = protocol === "https:";
  const agent = secure
    ? new HttpsAgent({ ...options, ...(ca === undefined ? {} : { ca }) })
    : new HttpAgent(options);
  return {
    origin,
    ask: (ask) => send(origin, agent, secure ? httpsRequest : httpRequest, ask),
    close: () => agent.destroy(),
  };
}

function send(
  origin: string,
  agent: HttpAgent | HttpsAgent,
  request: typeof httpRequest | typeof httpsRequest,
  { method, path, headers = {}, body, timeout = TIMEOUT, signal }: Ask,
): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const content = text === undefined ? {} : { "content-type": "application/json" };
  const within = AbortSignal.timeout(timeout);
  const stop = signal === undefined ? within : AbortSignal.any([within, signal]);
  return new Promise((resolve, reject) => {
    const away = (cause: unknown): void =>
      reject(new UpstreamAway("the control plane cannot be reached", { cause }));
    const sent = request(
      `${origin}${path}`,
      { agent, method, headers: { accept: "application/json", ...content, ...headers }, signal: stop },
      (response) => void answerOf(response).then(resolve, away),
    );
    sent.on("error", away);
    sent.end(text);
  });
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    size += (part as Buffer).length;
    if (size > MOST_BYTES) throw new Error("the answer is too large");
    parts.push(part as Buffer);
  }
  const status = response.statusCode ?? 0;
  if (status >= 500 || status === 429) throw new Error(`the control plane answered with status ${status}`);
  const text = Buffer.concat(parts).toString("utf8");
  return { status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}
