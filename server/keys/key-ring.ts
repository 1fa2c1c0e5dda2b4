import { hkdfSync, type KeyObject } from "node:crypto";
import { ed25519Signer, formatVkey, type NoteSigner } from "@countersign/proof/checkpoint";
import type { Algorithm } from "@countersign/proof/jwk";
import type { Sealer } from "../audit/index.ts";
import { type Deps, Fault, seconds } from "../lib/index.ts";
import { type AuthoritySigner, authoritySigner } from "./authority-signer.ts";
import { createKey } from "./create.ts";
import { sweep } from "./durable-file.ts";
import {
  type AuthorityPurpose,
  inUse,
  isAuthorityKey,
  isPublishedAs,
  isSigningKey,
  type Key,
  type KeyLife,
  type KeyState,
  ON_DEMAND,
  PURPOSES,
  type Purpose,
  type SigningPurpose,
  stateAt,
} from "./key.ts";
import { ALGORITHMS, keyFilesIn, readKeys } from "./key-file.ts";
import type { KeyModule } from "./key-module.ts";
import { makePrivateFolder, requirePrivateFolder } from "./private-files.ts";
import { type PublishedJwk, publishedJwk } from "./publish.ts";
import { openWith, sealedUnder, sealWith } from "./seal.ts";

/** A key to sign with, and what goes into the header beside the signature. */
export interface Signer {
  readonly kid: string;
  readonly key: KeyObject;
  readonly alg: Algorithm;
}

/** What may be said of a key: everything but the key. */
export interface KeySummary extends KeyLife {
  readonly kid: string;
  readonly generation: number;
  readonly created: number;
  readonly state: KeyState;
}

/** A stranger who invents key ids must not make us read the folder for each. */
const LEAST_BETWEEN_LOOKS = seconds(1);

/**
 * Opens the keys in a folder; in an empty one, makes the first key of each purpose. Any number of servers
 * may open one folder at the same time and will hold the same keys.
 * @param folder outside the database; made where it is missing
 * @param module holds the keys of SVIDs from now on; those made before stay where they are until their end
 * @throws Fault `unavailable` when others could read the folder or a key, or when a key is damaged
 */
export async function openKeyRing(deps: Deps, folder: string, module?: KeyModule): Promise<KeyRing> {
  makePrivateFolder(folder);
  requirePrivateFolder(folder);
  await sweep(folder);
  const present = new Set(readKeys(folder).map(({ purpose }) => purpose));
  for (const purpose of PURPOSES) {
    if (present.has(purpose) || purpose === ON_DEMAND) continue;
    const planned = { purpose, generation: 1, activates: deps.clock.now() };
    await createKey(deps, { folder, module }, planned);
  }
  return new KeyRing(deps, folder, module);
}

/** The keys of this installation. Private material stays inside but for `signer` and `logSigners`. */
export class KeyRing implements Sealer {
  readonly folder: string;
  readonly module: KeyModule | undefined;
  readonly #deps: Deps;
  #keys: readonly Key[] = [];
  #looked = 0;
  #noticed = 0;
  #files = "";

  /** Use `openKeyRing`. */
  constructor(deps: Deps, folder: string, module?: KeyModule) {
    this.#deps = deps;
    this.folder = folder;
    this.module = module;
    this.refresh();
  }

  /** The key to sign with now. */
  signer(purpose: SigningPurpose): Signer {
    const key = this.#inUse(purpose);
    if (!isSigningKey(key)) throw noKey(purpose);
    return { kid: key.kid, key: key.privateKey, alg: ALGORITHMS[purpose] };
  }

  /** The key that signs SVIDs of this kind now. @throws Fault `unavailable` where it has come to its end */
  authority(purpose: AuthorityPurpose): AuthoritySigner {
    const key = this.#inUse(purpose);
    if (!isAuthorityKey(key)) throw noKey(purpose);
    return authoritySigner(key, this.module);
  }

  /** The keys of SVIDs of this kind that verify, prepared and retired ones included, oldest first. */
  authorities(purpose: AuthorityPurpose): AuthoritySigner[] {
    this.notice();
    const keys = this.#living().filter((key) => isAuthorityKey(key) && key.purpose === purpose);
    return keys.filter(isAuthorityKey).map((key) => authoritySigner(key, this.module));
  }

  /** The ids of the keys whose private half is in a module and nowhere else. */
  heldKeys(): string[] {
    return this.#keys.filter((key) => isAuthorityKey(key) && "held" in key.privateKey).map(({ kid }) => kid);
  }

  /**
   * Removes a key from the module that holds it; nothing for one that is in its file.
   * @throws Fault `unavailable` while the module is away, or none is given
   */
  async letGo(kid: string): Promise<void> {
    const key = this.#keys.find((each) => each.kid === kid);
    if (key === undefined || !isAuthorityKey(key) || !("held" in key.privateKey)) return;
    if (this.module === undefined) throw noModule();
    await this.module.destroy(key.privateKey.held);
  }

  /** The key to verify with: prepared, active or retired, but not dead; undefined when there is none of this id. */
  verifier(purpose: SigningPurpose, attackerKid: string): KeyObject | undefined {
    const key = this.#find(purpose, attackerKid);
    return key === undefined || !isSigningKey(key) ? undefined : key.publicKey;
  }

  /**
   * The public keys of a purpose, next and last ones included: the body of the JWKS endpoint for access tokens
   * and for what clouds are shown, of the one for delegations and warrants, and of the one for summaries.
   */
  publicJwks(purpose: "token" | "delegation" | "summary" = "token"): { keys: PublishedJwk[] } {
    this.notice();
    return {
      keys: this.#living().flatMap((key) => (isPublishedAs(key, purpose) ? [publishedJwk(key)] : [])),
    };
  }

  /**
   * Encrypts and authenticates bytes under the envelope key.
   * @param aad what they belong to; `open` must be given the same
   */
  seal(bytes: Uint8Array, aad: Uint8Array | string): Uint8Array {
    const key = this.#inUse("envelope");
    if (key.purpose !== "envelope") throw noKey("envelope");
    return sealWith(key, this.#deps.random, bytes, bytesOf(aad));
  }

  /**
   * Decrypts what `seal` returned.
   * @throws Fault `internal` when it was changed, belongs to something else, or its key is not here. A caller
   *   who opens what strangers hand in answers with a refusal instead.
   */
  open(sealed: Uint8Array, aad: Uint8Array | string): Uint8Array {
    const kid = sealedUnder(sealed);
    const key = kid === undefined ? undefined : this.#find("envelope", kid);
    if (key?.purpose !== "envelope") throw cannotOpen();
    try {
      return openWith(key, sealed, bytesOf(aad));
    } catch (cause) {
      throw cannotOpen(cause);
    }
  }

  /**
   * A secret for one use, the same on every server with these keys, and another after the envelope key has
   * changed: for what lives minutes.
   * @param use what it is for, and nothing else
   * @returns 32 bytes
   * @see RFC 5869
   */
  derive(use: string): Uint8Array {
    const key = this.#inUse("envelope");
    if (key.purpose !== "envelope") throw noKey("envelope");
    return new Uint8Array(hkdfSync("sha256", key.secret, new Uint8Array(), `countersign ${use}`, 32));
  }

  /**
   * Who signs the log's checkpoints now: the key in use, and after it those it followed. A verifier that has
   * pinned an old key goes on verifying after a rotation, and finds the new key named in the log itself.
   * @param origin the log's name, such as `example.org/log`: first line of each checkpoint
   * @see C2SP tlog-checkpoint, signed-note
   */
  logSigners(origin: string): NoteSigner[] {
    const now = this.#deps.clock.now();
    const former = this.#keys.filter((key) => key.purpose === "log" && stateAt(key, now) === "retired");
    const own = [this.#inUse("log"), ...former.reverse()];
    return own.flatMap((key) => (isSigningKey(key) ? [ed25519Signer(origin, key.privateKey)] : []));
  }

  /** The verifier key of one of the log's keys. @throws Fault `unavailable` when it is not here */
  logVkey(origin: string, kid: string): string {
    const key = this.#keys.find((each) => each.purpose === "log" && each.kid === kid);
    if (key === undefined || !isSigningKey(key)) throw noKey("log");
    return formatVkey(ed25519Signer(origin, key.privateKey));
  }

  /** The verifier keys of all checkpoints ever signed here, for whoever holds an old one. */
  logVkeys(origin: string): string[] {
    return this.#living().flatMap((key) => (key.purpose === "log" ? [this.logVkey(origin, key.kid)] : []));
  }

  /** What may be said of the keys, oldest first per purpose; dead ones too until they are destroyed. */
  summary(): KeySummary[] {
    const now = this.#deps.clock.now();
    return this.#keys.map((key) => {
      const { kid, purpose, generation, created, activates, retires, withdrawn } = key;
      return { kid, purpose, generation, created, activates, retires, withdrawn, state: stateAt(key, now) };
    });
  }

  /** Reads the folder again: another server may have made or destroyed keys. */
  refresh(): void {
    requirePrivateFolder(this.folder);
    // Before the reading: what is made meanwhile is seen at the next look.
    this.#files = keyFilesIn(this.folder).join();
    this.#keys = readKeys(this.folder);
    this.#looked = this.#deps.clock.now();
  }

  /**
   * Reads the keys again where one was made or removed. Cheap: it lists the folder, and that at most once a
   * second however much is signed, unless it was told that there is news.
   * @throws Fault `unavailable` when the folder cannot be read: a key that was withdrawn could not be seen
   */
  notice(told = false): void {
    const { clock } = this.#deps;
    if (!told && Math.abs(clock.now() - this.#noticed) < LEAST_BETWEEN_LOOKS) return;
    this.#noticed = clock.now();
    requirePrivateFolder(this.folder);
    if (keyFilesIn(this.folder).join() !== this.#files) this.refresh();
  }

  #inUse(purpose: Purpose): Key {
    this.notice();
    const key = inUse(this.#keys, purpose, this.#deps.clock.now());
    if (key === undefined) throw noKey(purpose);
    return key;
  }

  #living(): Key[] {
    const now = this.#deps.clock.now();
    return this.#keys.filter((key) => stateAt(key, now) !== "dead");
  }

  #find(purpose: Purpose, attackerKid: string): Key | undefined {
    this.notice();
    const wanted = (key: Key): boolean => key.purpose === purpose && key.kid === attackerKid;
    const known = this.#living().find(wanted);
    const sinceLook = Math.abs(this.#deps.clock.now() - this.#looked); // a clock set back is no reason to wait
    if (known !== undefined || sinceLook < LEAST_BETWEEN_LOOKS) return known;
    this.refresh();
    return this.#living().find(wanted);
  }
}

const bytesOf = (aad: Uint8Array | string): Uint8Array => (typeof aad === "string" ? Buffer.from(aad) : aad);

const noKey = (purpose: Purpose): Fault =>
  new Fault("unavailable", `There is no ${purpose} key in the key folder.`, {
    remedy: "Restore the key folder from a backup.",
  });

const noModule = (): Fault =>
  new Fault("unavailable", "The module that holds this key is not given.", {
    remedy: "Start the server with --pkcs11.",
  });

const cannotOpen = (cause?: unknown): Fault =>
  new Fault("internal", "Something that was sealed here cannot be opened.", {
    remedy: "The operator should check that the key folder and the database belong together.",
    cause,
  });
