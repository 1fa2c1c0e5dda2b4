import { randomUUID } from "node:crypto";
import { createDpopProof } from "@countersign/proof/dpop";
import type { Credential } from "./credential.ts";
import { refusedBy, UpstreamRefused } from "./refused.ts";
import type { Answer, Ask, Transport } from "./transport.ts";

/**
 * Requests of a machine that has joined: each says who it is and is signed by its key, for this request and once.
 * @see RFC 9449 §4.2, §8
 */
export class SignedRequests {
  readonly #transport: Transport;
  readonly #credential: () => Credential;
  readonly #now: () => number;
  #nonce: string | undefined;

  /** @param credential as it is now: the key changes */
  constructor(transport: Transport, credential: () => Credential, now: () => number = Date.now) {
    this.#transport = transport;
    this.#credential = credential;
    this.#now = now;
  }

  /** @throws UpstreamAway; UpstreamRefused */
  async ask<T>(ask: Ask): Promise<T> {
    const first = await this.#send(ask);
    const again = first.status === 401 && isAboutNonce(first.body);
    const { status, body } = again ? await this.#send(ask) : first;
    if (status < 300) return body as T;
    throw new UpstreamRefused(status, refusedBy(body, status));
  }

  async #send(ask: Ask): Promise<Answer> {
    const { host, key } = this.#credential();
    const url = `${this.#transport.origin}${ask.path}`;
    const nonce = this.#nonce === undefined ? {} : { nonce: this.#nonce };
    const dpop = createDpopProof({
      key,
      method: ask.method,
      url,
      now: this.#now(),
      jti: randomUUID(),
      ...nonce,
    });
    const answer = await this.#transport.ask({ ...ask, headers: { authorization: `Host ${host}`, dpop } });
    const newest = answer.headers["dpop-nonce"];
    if (typeof newest === "string") this.#nonce = newest;
    return answer;
  }
}

const isAboutNonce = (attackerProblem: unknown): boolean =>
  (attackerProblem as { type?: unknown } | undefined)?.type === "urn:countersign:problem:use-dpop-nonce";
