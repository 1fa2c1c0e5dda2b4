import type { Server } from "node:tls";
import { serveWith } from "../http/index.ts";
import { hours, minutes, seconds } from "../lib/index.ts";
import type { AcmeDeps } from "./acme-deps.ts";
import { Conversation } from "./conversation.ts";
import { fetchDirectory } from "./directory.ts";
import { type Answering, orderCertificate } from "./order-certificate.ts";
import { AuthorityRefusal } from "./refusal.ts";
import { ASK_EVERY, suggestedRenewal } from "./renewal-info.ts";
import { renewalTime } from "./renewal-time.ts";
import type { Asking } from "./settings.ts";
import type { HeldCertificate, PendingChallenge, StateFolder } from "./state-folder.ts";

/** Where a challenge is answered. */
export interface ChallengeAnswer {
  /** @param challenge nothing while none is open */
  answer(challenge: PendingChallenge | undefined): void;
}

/** How often each of the servers beside each other looks at the folder that they share. */
export const LOOK_EVERY = seconds(5);
/** By when each of them has looked. */
const SPREAD = LOOK_EVERY + seconds(2);

const FIRST_WAIT = minutes(1);
const LONGEST_WAIT = hours(12);
/** Where an authority says that it was asked too often, and not until when. */
const RATE_LIMITED = hours(1);

/**
 * Serves with the certificate in the folder and orders the next one in time: when two thirds of what was left of its
 * life are over. What fails is told loudly and tried again after waits that grow; the old one is served meanwhile.
 */
export class CertificateRenewal {
  readonly #deps: AcmeDeps;
  readonly #asking: Asking;
  readonly #folder: StateFolder;
  readonly #answer: ChallengeAnswer;
  readonly #server: Pick<Server, "setSecureContext">;
  #served: string | undefined;
  #answered: string | undefined;
  #busy: Promise<void> | undefined;
  /** When it is tried again; nothing before the first attempt of this process, which waits for the authority's word alone. */
  #next: number | undefined;
  /** Not at once: a restart asks for nothing. */
  #hearsAt: number;

  constructor(
    deps: AcmeDeps,
    { asking, folder }: { readonly asking: Asking; readonly folder: StateFolder },
    {
      answer,
      server,
    }: { readonly answer: ChallengeAnswer; readonly server: Pick<Server, "setSecureContext"> },
  ) {
    this.#deps = deps;
    this.#asking = asking;
    this.#folder = folder;
    this.#answer = answer;
    this.#server = server;
    this.#hearsAt = deps.clock.now() + ASK_EVERY;
  }

  /** To be called every few seconds. Never throws. */
  async look(): Promise<void> {
    if (this.#deps.stopping.aborted) return;
    try {
      this.#follow();
      if (this.#busy !== undefined) return;
      this.#busy = this.#renew();
      await this.#busy.finally(() => {
        this.#busy = undefined;
      });
    } catch (error) {
      if (!this.#deps.stopping.aborted)
        this.#deps.log.error({ error: whyOf(error) }, "the ACME folder cannot be used");
    }
  }

  /** Returns once nothing goes on any more. For when it is told to stop; never throws. */
  async atRest(): Promise<void> {
    await this.#busy?.catch(() => {});
  }

  /** Serves and answers what is in the folder: this server's own, or that of one beside it. */
  #follow(): void {
    if (this.#deps.stopping.aborted) return;
    const held = this.#folder.certificate();
    if (held !== undefined && held.chain !== this.#served) this.#serve(held);
    const challenge = this.#openChallenge();
    if (challenge?.token === this.#answered) return;
    this.#answer.answer(challenge);
    this.#answered = challenge?.token;
  }

  #serve(held: HeldCertificate): void {
    serveWith(this.#server, { cert: Buffer.from(held.chain), key: Buffer.from(held.key) });
    this.#served = held.chain;
    this.#deps.log.info({ name: held.name, renews: timeOf(held.renews) }, "serving with this certificate");
  }

  #openChallenge(): PendingChallenge | undefined {
    const challenge = this.#folder.read("challenge");
    const open = challenge !== undefined && challenge.expires > this.#deps.clock.now();
    return open && challenge.type === this.#asking.challenge ? challenge : undefined;
  }

  #isDue(): boolean {
    const now = this.#deps.clock.now();
    const attempts = this.#folder.read("attempts");
    const waits = this.#next === undefined ? attempts?.notBefore : attempts?.next;
    if ((waits ?? 0) > now) return false;
    return (this.#next ?? 0) <= now && (this.#folder.certificate()?.renews ?? 0) <= now;
  }

  async #renew(): Promise<void> {
    await this.#hear();
    if (!this.#isDue()) return;
    await this.#alone(async () => {
      if (this.#isDue()) await this.#attempt();
    });
  }

  /** The authority may want it renewed sooner than we would, and never later. What it does not say changes nothing. */
  async #hear(): Promise<void> {
    const now = this.#deps.clock.now();
    const held = this.#folder.certificate();
    if (held === undefined || now < this.#hearsAt) return;
    this.#hearsAt = now + ASK_EVERY;
    try {
      const said = { chain: held.chain, chance: this.#chance() };
      const { renews = held.renews, again } = await suggestedRenewal(this.#deps, this.#asking, said);
      this.#hearsAt = now + again;
      if (renews < held.renews) await this.#alone(() => this.#renewSooner(held.chain, renews));
    } catch (error) {
      this.#deps.log.info({ why: whyOf(error) }, "the authority does not say when to renew");
    }
  }

  /** While it was asked another server may have been given the next certificate: that one stays. */
  async #renewSooner(chain: string, renews: number): Promise<void> {
    const held = this.#folder.certificate();
    if (held?.chain === chain && renews < held.renews)
      await this.#folder.write("certificate", { ...held, renews });
  }

  /** One of the servers beside each other orders or changes what is held, and the others then find it. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const leadership = await this.#deps.database.lead("acme");
    if (leadership === undefined) return;
    try {
      await work();
    } finally {
      await leadership.release();
    }
  }

  async #attempt(): Promise<void> {
    try {
      await this.#order();
    } catch (error) {
      if (!this.#deps.stopping.aborted) await this.#failed(error);
    }
  }

  async #order(): Promise<void> {
    const { directory, name } = this.#asking;
    const conversation = new Conversation(this.#deps, this.#asking, await fetchDirectory(this.#asking));
    const { expires, ...issued } = await orderCertificate(
      this.#deps,
      conversation,
      this.#folder,
      this.#answering,
    );
    const renews = renewalTime(expires, { now: this.#deps.clock.now(), chance: this.#chance() });
    await this.#folder.write("certificate", { directory: directory.href, name, ...issued, renews });
    await this.#folder.remove("attempts");
    this.#next = 0;
    this.#follow();
  }

  /** Challenges go by the folder, for those beside as for this server itself. */
  readonly #answering: Answering = {
    begin: async (challenge) => {
      await this.#folder.write("challenge", challenge);
      this.#follow();
      if (this.#deps.database.engine === "postgres") await this.#deps.wait(SPREAD);
    },
    end: async () => {
      await this.#folder.remove("challenge");
      this.#follow();
    },
  };

  async #failed(error: unknown): Promise<void> {
    const now = this.#deps.clock.now();
    const failed = (this.#folder.read("attempts")?.failed ?? 0) + 1;
    const { retryAfter, type } = error instanceof AuthorityRefusal ? error : {};
    const asked = retryAfter ?? (type === "rateLimited" ? RATE_LIMITED : undefined);
    const grown = Math.min(FIRST_WAIT * 4 ** Math.min(failed - 1, 10), LONGEST_WAIT);
    const spread = 1 + 0.1 * this.#chance();
    const notBefore = asked === undefined ? undefined : Math.floor(now + asked * spread);
    const next = Math.max(Math.floor(now + grown * spread), notBefore ?? 0);
    this.#next = next; // also where the disk is full
    this.#deps.log.error(
      {
        name: this.#asking.name,
        directory: this.#asking.directory.origin,
        why: whyOf(error),
        next: timeOf(next),
      },
      this.#served === undefined
        ? "no certificate could be had; nobody can connect until there is one"
        : "the certificate could not be renewed; the old one is served",
    );
    if (type === "accountDoesNotExist") await this.#forgetAccount();
    await this.#folder.write("attempts", { failed, next, ...(notBefore === undefined ? {} : { notBefore }) });
  }

  /** The next attempt registers anew, with the same key. */
  async #forgetAccount(): Promise<void> {
    await this.#folder.keepAccount((await this.#folder.account()).key, undefined);
  }

  /** From 0 to 1. */
  #chance(): number {
    return Buffer.from(this.#deps.random.bytes(4)).readUInt32BE() / 2 ** 32;
  }
}

const timeOf = (at: number): string => new Date(at).toISOString();

/** What went wrong, with what was behind it: for the operator's log, and never a secret. */
function whyOf(error: unknown): string {
  const { message, cause } = error as Error;
  return (cause === undefined ? message : `${message} ${String(cause)}`).slice(0, 1_000);
}
