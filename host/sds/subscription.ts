import { createHash, randomBytes } from "node:crypto";
import type { HostLog, Standing } from "../identity/index.ts";
import { SECRET_TYPE } from "./names.ts";
import { type DiscoveryRequest, problemOf, wantsPlainRoots } from "./request.ts";
import { secretsNamed } from "./secrets.ts";

type Served = Extract<Standing, { kind: "served" }>;

/** What comes of a request or a change: something to send, the end, or nothing. */
export type Step = { readonly send: object } | { readonly invalid: string } | undefined;

/**
 * What one Envoy has asked for on one stream, and what it was sent: pure of the wire.
 * @see Envoy xDS protocol, "ACK/NACK and resource type instance version"
 */
export class Subscription {
  readonly #log: HostLog;
  #names: readonly string[] | undefined;
  #plainRoots = false;
  #standing: Served | undefined;
  #sent: string | undefined;
  #nonce = "";
  #version = 0;

  constructor(log: HostLog) {
    this.#log = log;
  }

  /** A request: the first one, one that takes up or rejects what was sent, or one for other names. */
  request(attacker: DiscoveryRequest): Step {
    const problem = problemOf(attacker);
    if (problem !== undefined) return { invalid: problem };
    // An answer to what has been overtaken by a newer response.
    if (this.#nonce !== "" && attacker.response_nonce !== this.#nonce) return undefined;
    if (attacker.node !== null) this.#plainRoots = wantsPlainRoots(attacker);
    if (attacker.error_detail !== null)
      this.#log("warn", "secrets were not taken up", { version: this.#version });
    const names = [...attacker.resource_names].sort();
    const same = this.#names !== undefined && names.join("\n") === this.#names.join("\n");
    this.#names = names;
    return same ? undefined : this.#answer();
  }

  /** How it stands now. What was sent already is not sent again, whether it was taken up or not. */
  changed(standing: Served): Step {
    this.#standing = standing;
    return this.#names === undefined ? undefined : this.#answer();
  }

  #answer(): Step {
    if (this.#standing === undefined || this.#names === undefined) return undefined;
    const found = secretsNamed(this.#standing, this.#names, this.#plainRoots);
    if ("unknown" in found) return { invalid: `Not yours, or not known here: ${found.unknown.join(", ")}` };
    const content = createHash("sha256").update(JSON.stringify(found.secrets)).digest("hex");
    if (content === this.#sent) return undefined;
    this.#sent = content;
    this.#version += 1;
    this.#nonce = randomBytes(16).toString("hex");
    return { send: responseWith(found.secrets, String(this.#version), this.#nonce) };
  }
}

/** @see api/sds.proto DiscoveryResponse */
export const responseWith = (secrets: readonly object[], version: string, nonce: string): object => ({
  version_info: version,
  resources: secrets,
  type_url: SECRET_TYPE,
  nonce,
});
