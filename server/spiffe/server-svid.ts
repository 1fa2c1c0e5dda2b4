import { generateKeyPair, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import { perform } from "../audit/index.ts";
import { minutes, system } from "../lib/index.ts";
import { issueX509Svid } from "./issue-x509-svid.ts";
import { recordSvid } from "./record-svid.ts";
import type { AuthorityDeps } from "./spiffe-deps.ts";

/** An SVID that a server of ours serves with, in PEM. */
export interface ServerSvid {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** When half of its life is over, and another one is due: milliseconds since the epoch. */
  readonly renews: number;
}

const LIFE = minutes(60);
const newPair = promisify(generateKeyPair);

/** Who a server of ours is to whoever fetches its bundle. It is nobody in the registry. */
export const serverId = ({ trustDomain }: Pick<AuthorityDeps, "trustDomain">): string =>
  `spiffe://${trustDomain}/countersign/server`;

/**
 * Issues the SVID by which this server proves itself to whoever connects, for a key that it has just made and that
 * never leaves its memory.
 * @throws Fault `unavailable` while the authority's key is away
 */
export async function issueServerSvid(deps: AuthorityDeps): Promise<ServerSvid> {
  const { privateKey, publicKey } = await newPair("ec", { namedCurve: "P-256" });
  const now = deps.clock.now();
  const id = serverId(deps);
  const { chain, serial, expires } = await issueX509Svid(deps, {
    id,
    spki: publicKey.export({ format: "der", type: "spki" }),
    expires: now + LIFE,
    dnsNames: dnsNamesOf(deps.issuer),
  });
  await perform(deps, system, "svid.issue", async (change) => {
    recordSvid(deps, change, system, { instance: id, kind: "x509", serial, expires });
  });
  return {
    cert: Buffer.from(chain.map((der) => new X509Certificate(der).toString()).join("")),
    key: Buffer.from(privateKey.export({ format: "pem", type: "pkcs8" })),
    renews: now + (expires - now) / 2,
  };
}

/** The name under which people reach it; an address is none. */
function dnsNamesOf(issuer: string): string[] {
  const { hostname } = new URL(issuer);
  return /[a-z]/.test(hostname.split(".").at(-1) ?? "") && !hostname.startsWith("[") ? [hostname] : [];
}

/** Renews a server's SVID in time; while that cannot be, the old one is served, and the log says so once. */
export class SvidRenewal {
  readonly #deps: AuthorityDeps;
  readonly #serve: (svid: ServerSvid) => void;
  #renews: number;
  #busy = false;
  #told = false;

  constructor(deps: AuthorityDeps, served: ServerSvid, serve: (svid: ServerSvid) => void) {
    this.#deps = deps;
    this.#serve = serve;
    this.#renews = served.renews;
  }

  /** To be called every few seconds. Never throws. */
  async look(): Promise<void> {
    if (this.#busy || this.#deps.clock.now() < this.#renews) return;
    this.#busy = true;
    try {
      const svid = await issueServerSvid(this.#deps);
      this.#serve(svid);
      this.#renews = svid.renews;
      this.#told = false;
    } catch (error) {
      if (!this.#told)
        this.#deps.log.error({ error: (error as Error).message }, "our own SVID is not renewed");
      this.#told = true;
    } finally {
      this.#busy = false;
    }
  }
}
