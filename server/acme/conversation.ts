import type { IncomingHttpHeaders } from "node:http";
import type { Json } from "@countersign/proof/jcs";
import { askOutside, type OutsideAnswer } from "../http/index.ts";
import type { AcmeDeps } from "./acme-deps.ts";
import { type Directory, PATIENCE, USER_AGENT, within } from "./directory.ts";
import { refusalIn } from "./refusal.ts";
import type { Asking } from "./settings.ts";
import { type Signer, signRequest } from "./signed-request.ts";

/** How often a nonce may be bad before we believe that all of them are. */
const MOST_NONCES = 4;
const NONCE = /^[A-Za-z0-9_-]{1,512}$/;

/** Requests to one authority, one after the other: each is signed and spends a nonce. @see RFC 8555 §6 */
export class Conversation {
  readonly asking: Asking;
  readonly directory: Directory;
  readonly #deps: AcmeDeps;
  #nonce: string | undefined;

  constructor(deps: AcmeDeps, asking: Asking, directory: Directory) {
    this.#deps = deps;
    this.asking = asking;
    this.directory = directory;
  }

  /**
   * @param payload nothing where something is only asked for (POST-as-GET)
   * @throws AuthorityRefusal, Fault `unavailable`, Error
   */
  async post(
    signer: Signer,
    url: string,
    payload?: Json,
    accept = "application/json",
  ): Promise<OutsideAnswer> {
    for (let tried = 1; ; tried++) {
      const nonce = this.#nonce ?? (await this.#newNonce());
      this.#nonce = undefined;
      const answer = await askOutside(this.asking.outbound, {
        url: within(this.asking, url),
        registered: this.asking.registered,
        timeoutMs: PATIENCE,
        headers: { ...USER_AGENT, accept, "content-type": "application/jose+json" },
        body: signRequest(signer, { url, nonce, payload }),
      });
      this.#nonce = nonceIn(answer.headers);
      if (answer.status === 200 || answer.status === 201) return answer;
      const refusal = refusalIn(answer, this.#deps.clock.now());
      if (refusal.type !== "badNonce" || tried === MOST_NONCES) throw refusal;
    }
  }

  async #newNonce(): Promise<string> {
    const answer = await askOutside(this.asking.outbound, {
      url: this.directory.newNonce,
      method: "HEAD",
      registered: this.asking.registered,
      timeoutMs: PATIENCE,
      headers: USER_AGENT,
    });
    const nonce = nonceIn(answer.headers);
    if (nonce === undefined) throw new Error("the authority gives no nonce");
    return nonce;
  }
}

function nonceIn({ "replay-nonce": attackerNonce }: IncomingHttpHeaders): string | undefined {
  return typeof attackerNonce === "string" && NONCE.test(attackerNonce) ? attackerNonce : undefined;
}
