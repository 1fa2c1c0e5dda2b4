import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { type Json, parseStrict } from "@countersign/proof/jcs";
import { z } from "zod";
import { requirePair } from "../http/index.ts";
import {
  makePrivateFolder,
  readPrivateFile,
  removeFile,
  replaceFile,
  requirePrivateFolder,
  sweep,
} from "../keys/index.ts";
import type { Asking } from "./settings.ts";

const instant = z.int().min(0);

const FILES = {
  /** The key by which the authority knows us, and its name there once it has one. */
  account: z.strictObject({ directory: z.string(), key: z.string(), url: z.string().optional() }),
  /** In one file, so that a certificate and its key are never of two orders. */
  certificate: z.strictObject({
    directory: z.string(),
    name: z.string(),
    key: z.string(),
    chain: z.string(),
    /** When another one is due. */
    renews: instant,
  }),
  /** What is to be answered now: every server that shares the folder answers it. */
  challenge: z.strictObject({
    type: z.enum(["tls-alpn-01", "http-01"]),
    token: z.string(),
    keyAuthorization: z.string(),
    expires: instant,
  }),
  /** How often it has failed in a row, when it is tried again, and before when the authority wants to be left alone. */
  attempts: z.strictObject({ failed: z.int().min(1), next: instant, notBefore: instant.optional() }),
} as const;

type Name = keyof typeof FILES;
type Content<N extends Name> = z.infer<(typeof FILES)[N]>;
export type HeldCertificate = Content<"certificate">;
export type PendingChallenge = Content<"challenge">;
export type Attempts = Content<"attempts">;

/** What is kept between starts, and shared by servers beside each other: files that this user alone reads. */
export class StateFolder {
  readonly path: string;
  readonly #asking: Pick<Asking, "directory" | "name">;

  private constructor(path: string, asking: Pick<Asking, "directory" | "name">) {
    this.path = path;
    this.#asking = asking;
  }

  /** @throws Fault `unavailable` for a folder, or a file in it, that others could read */
  static async open(path: string, asking: Pick<Asking, "directory" | "name">): Promise<StateFolder> {
    makePrivateFolder(path);
    requirePrivateFolder(path);
    await sweep(path);
    const folder = new StateFolder(path, asking);
    for (const name of Object.keys(FILES) as Name[]) folder.read(name);
    return folder;
  }

  /** @returns nothing where there is none, or one that is damaged @throws Fault `unavailable` */
  read<N extends Name>(name: N): Content<N> | undefined {
    const text = readPrivateFile(join(this.path, `${name}.json`));
    if (text === undefined) return undefined;
    try {
      return FILES[name].parse(parseStrict(text)) as Content<N>;
    } catch {
      return undefined; // what a parser complains about may be a key
    }
  }

  write<N extends Name>(name: N, content: Content<N>): Promise<void> {
    return replaceFile(this.path, `${name}.json`, JSON.stringify(content as Json));
  }

  remove(name: Name): Promise<void> {
    return removeFile(this.path, `${name}.json`);
  }

  /** The certificate, where it is of the authority and for the name that are asked for now, and can be served. */
  certificate(): HeldCertificate | undefined {
    const held = this.read("certificate");
    const { directory, name } = this.#asking;
    const wanted = held?.directory === directory.href && held.name === name;
    return wanted && isPair(held) ? held : undefined;
  }

  /**
   * The account's key and its URL: those that are kept, or a new key where they are another authority's. It is kept
   * before it is used, so that no account is lost.
   */
  async account(): Promise<{ key: KeyObject; url: string | undefined }> {
    const kept = this.read("account");
    if (kept?.directory === this.#asking.directory.href) {
      const key = importOrNothing(kept.key);
      if (key !== undefined) return { key, url: kept.url };
    }
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await this.keepAccount(privateKey, undefined);
    return { key: privateKey, url: undefined };
  }

  keepAccount(key: KeyObject, url: string | undefined): Promise<void> {
    return this.write("account", {
      directory: this.#asking.directory.href,
      key: key.export({ type: "pkcs8", format: "pem" }) as string,
      ...(url === undefined ? {} : { url }),
    });
  }
}

function isPair({ chain, key }: HeldCertificate): boolean {
  try {
    requirePair({ cert: Buffer.from(chain), key: Buffer.from(key) });
    return true;
  } catch {
    return false;
  }
}

function importOrNothing(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
