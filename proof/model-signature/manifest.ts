import { createHash } from "node:crypto";
import { canonicalBytes } from "../jcs/index.ts";

/** How the digests of files are made, with how many characters each has in hexadecimal. */
export const HASH_TYPES = { sha256: 64, blake2b: 128, blake3: 64 } as const;
export type HashType = keyof typeof HASH_TYPES;

/** A file of a model, or a part of one: `path:start:end`, in bytes, the end not included. */
export interface Resource {
  /** Relative to the model, with `/`. `.` is the model itself, where it is one file and an old signer. */
  readonly name: string;
  /** Lower-case hexadecimal. */
  readonly digest: string;
}

/** How the resources were found and their digests made. */
export interface Serialization {
  readonly method: "files" | "shards";
  readonly hashType: HashType;
  /** Whether links were followed. */
  readonly allowSymlinks: boolean;
  /** Of each part but a file's last, in bytes; where there are parts. */
  readonly shardSize?: number;
  /** What the signer left out: whatever lies there is not signed. */
  readonly ignorePaths: readonly string[];
}

/** Which files a model has. */
export interface ModelManifest {
  /** What the signer calls it: worth nothing, but to people. */
  readonly name: string;
  /** SHA-256 over the resources' digests in order, lower-case hexadecimal: the model's own name. */
  readonly root: string;
  readonly resources: readonly Resource[];
  readonly serialization: Serialization;
}

/** What every signer leaves out, at the model's root alone. @see OpenSSF Model Signing v1.0 §6.2 */
export const DEFAULT_IGNORED: readonly string[] = [".git", ".gitattributes", ".github", ".gitignore"];
/** The name of a signature that lies within its model. */
export const SIGNATURE_FILE = "model.sig";
/** What hosts leave out of every model: what all signers do, and the signature. */
export const IGNORED: readonly string[] = [...DEFAULT_IGNORED, SIGNATURE_FILE];

/**
 * The digest that stands for a model: SHA-256 over the digests of its files, in order, as bytes.
 * @see OpenSSF Model Signing v1.0 §6.5.1
 */
export function rootDigest(resources: readonly Pick<Resource, "digest">[]): string {
  const hash = createHash("sha256");
  for (const { digest } of resources) hash.update(digest, "hex");
  return hash.digest("hex");
}

/**
 * The digest that stands for which name each file has, which the root does not cover: SHA-256 over the canonical JSON
 * of `[{name, digest}, …]` in order, lower-case hexadecimal. Whole files alone.
 * @see RFC 8785
 */
export function namesDigest(resources: readonly Resource[]): string {
  const named = resources.map(({ name, digest }) => ({ name, digest }));
  const sorted = named.sort((one, other) => inOrder(one.name, other.name));
  return createHash("sha256").update(canonicalBytes(sorted)).digest("hex");
}

/** Names in the order of their code points, which is the order of their UTF-8. JavaScript's own is another. */
export const inOrder = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one, "utf8"), Buffer.from(other, "utf8"));
