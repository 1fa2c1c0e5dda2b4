import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import {
  IGNORED,
  type ModelManifest,
  type Serialization,
  SIGNATURE_FILE,
} from "@countersign/proof/model-signature";
import { type Certificate, readCertificate } from "@countersign/proof/x509";
import { progressOn } from "./progress.ts";
import { Trouble } from "./say.ts";

/** A model on this machine, and where its signature lies. */
export interface ModelPlace {
  /** Absolute; whatever links lead to its folder are followed. */
  readonly path: string;
  readonly name: string;
  readonly isFolder: boolean;
  readonly signature: string;
}

/** @throws Trouble when there is nothing */
export function modelAt(said: string, signature?: string): ModelPlace {
  const found = statSync(said, { throwIfNoEntry: false });
  if (found === undefined) throw new Trouble(`There is nothing at ${said}.`, "Check the path.");
  const whole = resolve(said);
  const path = join(realpathSync(dirname(whole)), basename(whole));
  const isFolder = found.isDirectory();
  const usual = isFolder ? join(path, SIGNATURE_FILE) : `${path}.sig`;
  return {
    path,
    name: basename(path),
    isFolder,
    signature: signature === undefined ? usual : resolve(signature),
  };
}

/** What is left out: what every signer leaves out, the signature itself, and what was said. */
export function leftOut({ path, signature, isFolder }: ModelPlace, more: readonly string[] = []): string[] {
  const within = isFolder ? relative(realOrSame(path), realOrSame(signature)) : "..";
  const own = within.startsWith("..") ? [] : [within];
  return [...new Set([...IGNORED, ...own, ...more])].sort();
}

function realOrSame(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** How a model is to be measured: as its signer said, or as we sign. */
export interface Measuring {
  readonly ignored: readonly string[];
  readonly serialization: Pick<Serialization, "hashType" | "shardSize" | "allowSymlinks">;
}

/**
 * Digests of a model's files, with a bar on a terminal while it takes.
 * @throws Trouble for whatever cannot be measured
 */
export async function measured(
  { path, name }: ModelPlace,
  { ignored, serialization }: Measuring,
): Promise<Pick<ModelManifest, "root" | "resources"> & { size: number; files: number }> {
  const { digestModel, MeasureRefusal } = await import("@countersign/host/measure");
  const progress = progressOn(process.stderr);
  try {
    return await digestModel(path, {
      ignored,
      algorithm: serialization.hashType,
      shardSize: serialization.shardSize,
      links: serialization.allowSymlinks ? "follow" : "refuse",
      onProgress: progress.at,
    });
  } catch (error) {
    if (!(error instanceof MeasureRefusal)) throw error;
    throw new Trouble(`${name} cannot be measured: ${error.message}`, REMEDIES[error.code]);
  } finally {
    progress.end();
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  "is-link": "Copy what it leads to, or sign with --follow-links; hosts follow none.",
  "changed-while-read": "Wait until nobody writes to it any more.",
  "not-a-file": "Remove it: a model is made of files.",
  "other-file-system": "Put all of the model on one file system, or name the mounted folder itself.",
  "unknown-hash": "Have it signed with SHA-256.",
};

/** @throws Trouble */
export const readPrivateKey = (file: string): KeyObject =>
  read(file, "private key (PEM of P-256, P-384 or P-521, without a passphrase)", (pem) =>
    createPrivateKey(pem),
  );

/** @throws Trouble */
export const readPublicKey = (file: string): KeyObject =>
  read(file, "public key (PEM of P-256, P-384 or P-521)", (pem) => {
    if (!pem.includes("-----BEGIN PUBLIC KEY-----")) throw new Error("not a public key");
    return createPublicKey(pem);
  });

/** @throws Trouble */
export const readCertificates = (file: string): Certificate[] =>
  read(file, "list of certificates (PEM)", (pem) => {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new Error("no certificate");
    return blocks.map((block) =>
      readCertificate(Buffer.from(block.replace(/-----[A-Z ]+-----/g, ""), "base64")),
    );
  });

function read<T>(file: string, what: string, parse: (text: string) => T): T {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Trouble(`${file} cannot be read.`, "Check the path.");
  }
  try {
    return parse(text);
  } catch {
    throw new Trouble(`${file} is no ${what}.`);
  }
}
