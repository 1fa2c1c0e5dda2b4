import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault, seconds } from "../lib/index.ts";
import type { PendingChallenge } from "./state-folder.ts";

const PATH = "/.well-known/acme-challenge/";
const PATIENCE = seconds(5);
const MOST_CONNECTIONS = 100;
const MOST_HEADER_BYTES = 4_096;

/** Answers HTTP-01, and nothing else: the one open token under our name; 404 for the rest. @see RFC 8555 §8.3 */
export class HttpAnswer {
  readonly #name: string;
  readonly #server: Server;
  #challenge: PendingChallenge | undefined;

  private constructor(name: string) {
    this.#name = name;
    const limits = {
      headersTimeout: PATIENCE,
      requestTimeout: PATIENCE,
      connectionsCheckingInterval: seconds(1),
      maxHeaderSize: MOST_HEADER_BYTES,
    };
    this.#server = createServer(limits, (request, response) => this.#respond(request, response));
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** @throws Fault `unavailable` for a port that cannot be listened on */
  static async open(
    name: string,
    where: { readonly host: string; readonly port: number },
  ): Promise<HttpAnswer> {
    const answer = new HttpAnswer(name);
    await answer.#listen(where);
    return answer;
  }

  /** @param challenge nothing while none is open */
  answer(challenge: PendingChallenge | undefined): void {
    this.#challenge = challenge;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #listen({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause) => reject(portTaken(port, cause)));
      this.#server.listen({ host, port }, resolve);
      this.#server.unref();
    });
  }

  #respond({ method, url, headers }: IncomingMessage, response: ServerResponse): void {
    const challenge = this.#challenge;
    const asked = method === "GET" && isHost(headers.host, this.#name);
    const found = asked && challenge !== undefined && url === `${PATH}${challenge.token}`;
    response.writeHead(found ? 200 : 404, {
      "content-type": "application/octet-stream",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      connection: "close",
    });
    response.end(found ? challenge.keyAuthorization : "");
  }
}

const isHost = (attackerHost: string | undefined, name: string): boolean =>
  attackerHost?.toLowerCase().replace(/:[0-9]{1,5}$/, "") === name;

const portTaken = (port: number, cause: unknown): Fault =>
  new Fault("unavailable", `The port ${port} cannot be listened on.`, {
    remedy: "Stop what uses it, let this user listen on it, or give another one with --acme-http-port.",
    cause,
  });
