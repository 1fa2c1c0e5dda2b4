import { createHmac } from "node:crypto";
import type { KeyRing } from "../keys/index.ts";
import { type Clock, minutes } from "../lib/index.ts";

/** Whether proofs must have a nonce of this server: always; only a good one where they have any; never asked. */
export type NonceDemand = "required" | "offered" | "off";

/** Who hands a nonce out: the token endpoint, or our own API. One's are worth nothing at the other (RFC 9449 §9). */
export type NonceParty = "token-endpoint" | "api";

/** How long a nonce is the newest. It is good for one more such time. */
const STEP = minutes(1);

/**
 * Nonces for DPoP proofs, kept by nobody: each is a code over the minute, under a secret that all servers with
 * the same keys share. So they hold on every server and after a restart, and tell that a proof was made lately
 * whatever its sender's clock says.
 * @see RFC 9449 §8, §9
 */
export class DpopNonces {
  readonly demand: NonceDemand;
  readonly #clock: Clock;
  readonly #keys: Pick<KeyRing, "derive">;
  readonly #made = new Map<string, string>();

  constructor({ clock }: { clock: Clock }, keys: Pick<KeyRing, "derive">, demand: NonceDemand) {
    this.#clock = clock;
    this.#keys = keys;
    this.demand = demand;
  }

  /** The nonce to hand out now; none where nobody is to have one. */
  newest(party: NonceParty): string | undefined {
    return this.demand === "off" ? undefined : this.#at(party, this.#step());
  }

  /** What a proof is held to, as `verifyDpopProof` takes it. */
  expected(party: NonceParty): { nonce?: readonly string[]; nonceMayBeAbsent?: boolean } {
    if (this.demand === "off") return {};
    const now = this.#step();
    // Another server's clock may be a little ahead of this one's.
    const nonce = [now, now - 1, now + 1].map((step) => this.#at(party, step));
    return { nonce, nonceMayBeAbsent: this.demand === "offered" };
  }

  #step(): number {
    return Math.floor(this.#clock.now() / STEP);
  }

  #at(party: NonceParty, step: number): string {
    const name = `${party} ${step}`;
    const made = this.#made.get(name);
    if (made !== undefined) return made;
    if (this.#made.size >= MOST_REMEMBERED) this.#made.clear();
    const secret = this.#keys.derive("dpop nonce");
    const nonce = createHmac("sha256", secret).update(name).digest().subarray(0, 18).toString("base64url");
    this.#made.set(name, nonce);
    return nonce;
  }
}

const MOST_REMEMBERED = 64;
