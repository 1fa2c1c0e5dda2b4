import { VerificationError } from "@countersign/proof/verification-error";
import { restsOf } from "../attestation/index.ts";
import type { DatabaseDeps } from "../database/index.ts";
import type { PeerKey } from "../http/index.ts";
import { type Caller, Fault, nobody, seconds } from "../lib/index.ts";
import {
  deadKeysOf,
  findInstance,
  findInstanceByThumbprint,
  findService,
  type Instance,
  isLive,
} from "../registry/index.ts";
import { deadAmong, REVOCATION_CHANNEL } from "../revocation/index.ts";

/**
 * Whether a caller is still alive is looked up again after this long, in milliseconds; a revocation announces
 * itself besides, and is heeded at once in the process that hears it.
 */
const STALE_MS = seconds(1);

interface Known {
  readonly caller: Caller;
  /** When it ends by itself, milliseconds since the epoch. */
  readonly expires: number;
  /** On the monotonic clock. */
  readonly lookedUp: number;
  /** How many announcements of revocations had been heard. */
  readonly heard: number;
}

/**
 * Whom an SVID of our own authority names, and until when (ms); nothing for a certificate of anybody else's.
 * @throws VerificationError where it is one and does not hold
 */
export type OwnSvidReader = (
  attackerChain: readonly Uint8Array[],
) => Promise<{ readonly id: string; readonly expires: number } | undefined>;

/**
 * Services that prove themselves when the connection is made: by their enrolled key (RFC 8705 §2.2), where the
 * certificate may be self-signed, for it is the key in it that was enrolled; or by the SVID that we issued. Who it
 * is was proven once; that she is alive is at most a second old, so that a question costs no look into the database.
 */
export class CertificateCallers {
  readonly #deps: DatabaseDeps;
  readonly #ownSvid: OwnSvidReader;
  readonly #monotonic: () => number;
  readonly #known = new WeakMap<PeerKey, Known>();
  readonly #looking = new WeakMap<PeerKey, { readonly heard: number; readonly caller: Promise<Caller> }>();
  readonly #stop: () => void;
  #heard = 0;

  /** @param monotonic milliseconds that never go back */
  constructor(deps: DatabaseDeps, ownSvid: OwnSvidReader, monotonic: () => number = () => performance.now()) {
    this.#deps = deps;
    this.#ownSvid = ownSvid;
    this.#monotonic = monotonic;
    this.#stop = deps.database.listen(REVOCATION_CHANNEL, () => {
      this.#heard += 1;
    });
  }

  /**
   * The service behind a connection. A key that nobody enrolled says nothing: browsers may show certificates of
   * other people's making.
   * @param source its network address, for the log
   * @throws Fault `unauthenticated` for an enrolled key that does not hold, always in the same words
   */
  caller(peer: PeerKey, source: string): Caller | Promise<Caller> {
    const known = this.#known.get(peer);
    if (known !== undefined && this.#stands(known)) return known.caller;
    const looking = this.#looking.get(peer);
    // One that began before a revocation was heard of may not have seen it.
    if (looking?.heard === this.#heard) return looking.caller;
    const begun = { heard: this.#heard, caller: this.#lookUp(peer, source) };
    this.#looking.set(peer, begun);
    const forget = (): void => {
      if (this.#looking.get(peer) === begun) this.#looking.delete(peer);
    };
    begun.caller.then(forget, forget);
    return begun.caller;
  }

  close(): void {
    this.#stop();
  }

  #stands({ expires, lookedUp, heard }: Known): boolean {
    return (
      heard === this.#heard && this.#monotonic() - lookedUp < STALE_MS && this.#deps.clock.now() < expires
    );
  }

  async #lookUp(peer: PeerKey, source: string): Promise<Caller> {
    const [lookedUp, heard] = [this.#monotonic(), this.#heard];
    const { instance, until = Number.POSITIVE_INFINITY } = await this.#holderOf(peer);
    const expires = Math.min(until, instance?.expires ?? Number.POSITIVE_INFINITY);
    const shown = { thumbprint: peer.thumbprint, expires };
    const caller =
      instance === undefined ? nobody(source) : await livingService(this.#deps, instance, source, shown);
    this.#known.set(peer, { caller, expires, lookedUp, heard });
    return caller;
  }

  /** Whether others still vouch for a key is asked at the token endpoint; by itself such a key says nothing. */
  async #holderOf({ thumbprint, chain }: PeerKey): Promise<{ instance?: Instance; until?: number }> {
    const svid = await this.#ownSvid(chain).catch((cause) => {
      throw cause instanceof VerificationError ? doesNotHold() : cause;
    });
    if (svid !== undefined) {
      const named = await findInstance(this.#deps, svid.id);
      // An agent asks for a token; a machine is known where machines are.
      return named?.kind === "service" ? { instance: named, until: svid.expires } : {};
    }
    const found = await findInstanceByThumbprint(this.#deps, thumbprint);
    return found === undefined || found.vouched ? {} : { instance: found };
  }
}

async function livingService(
  deps: DatabaseDeps,
  instance: Instance,
  source: string,
  { thumbprint: keyThumbprint, expires }: { readonly thumbprint: string; readonly expires: number },
): Promise<Caller> {
  const isService = instance.kind === "service" && isLive(instance, deps.clock.now());
  const service = isService ? await findService(deps, instance.principal) : undefined;
  if (service?.status !== "active") throw doesNotHold();
  const { id, epoch } = service;
  const rests = instance.vouched ? await restsOf(deps, instance.id) : [];
  const own = [...deadKeysOf(instance), `jkt:${keyThumbprint}`];
  const keys = [...own, ...rests, `service:${id}`, `service:${id}#${epoch}`];
  if ((await deadAmong(deps, keys)).length > 0) throw doesNotHold();
  return {
    principal: id,
    kind: "service",
    strength: instance.strength,
    via: "client-certificate",
    roles: [],
    instance: instance.id,
    keyThumbprint,
    rests,
    credential: { keys, expires },
    source,
  };
}

const doesNotHold = (): Fault =>
  new Fault("unauthenticated", "The client certificate is not that of a service that is active here.", {
    remedy: "Present one with the key of a service, or send a DPoP-bound access token.",
  });
