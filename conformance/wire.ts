/** HTTP as a stranger speaks it: any header, any bytes, any source on the loopback network. */
import { Agent, type OutgoingHttpHeaders, request } from "node:http";
import { connect } from "node:net";

const PATIENCE_MS = 20_000;

/** Where a server listens, and the name under which it wants to be called. */
export interface Address {
  readonly port: number;
  readonly issuer: string;
}

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  /** The address that it comes from, `127.x.y.z`: rates are counted by it. */
  readonly from?: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends one request and waits for the whole answer. @throws Error when none comes in time */
export function send(to: Address, { method, path, headers, body, from }: WireRequest): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      agent,
      host: "127.0.0.1",
      port: to.port,
      method,
      path,
      headers: { host: new URL(to.issuer).host, ...framed(body), ...headers },
      timeout: PATIENCE_MS,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${path} in ${PATIENCE_MS} ms`)));
    sent.on("error", reject);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.end(body);
  });
}

/** Node would send the body of a DELETE after a request that says it has none: a second request, of garbage. */
const framed = (body: string | Uint8Array | undefined): OutgoingHttpHeaders =>
  body === undefined ? {} : { "content-length": Buffer.byteLength(body) };

/** The body of an answer as JSON. */
export const jsonOf = <T>(answer: WireAnswer): T => JSON.parse(answer.body.toString("utf8")) as T;

/** Sends bytes as they are and returns what came back until the connection was closed. */
export function sendBytes({ port }: Address, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    const timer = setTimeout(() => socket.destroy(new Error(`not closed in ${PATIENCE_MS} ms`)), PATIENCE_MS);
    let answer = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
    });
    // The far side may close before it has read everything: what it said until then is its answer.
    socket.on("error", (error: NodeJS.ErrnoException) => void (error.code === undefined && reject(error)));
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(bytes);
  });
}

export async function isHealthy(to: Address): Promise<boolean> {
  return send(to, { method: "GET", path: "/health" }).then(
    ({ status }) => status === 200,
    () => false,
  );
}
