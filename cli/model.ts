import { createPublicKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import {
  type Difference,
  differencesFrom,
  isModelPath,
  type ModelManifest,
  readModelBundle,
  type SignedModel,
  signModel,
  type TrustedSigner,
  verifyModelSignature,
} from "@countersign/proof/model-signature";
import { VerificationError } from "@countersign/proof/verification-error";
import type { Command } from "commander";
import {
  leftOut,
  type ModelPlace,
  measured,
  modelAt,
  readCertificates,
  readPrivateKey,
  readPublicKey,
} from "./model-files.ts";
import { bytesSaid } from "./progress.ts";
import { bold, faint, green, Misuse, red, say, Trouble, visible, yellow } from "./say.ts";

interface Said {
  readonly signature?: string;
  readonly json?: boolean;
}
interface SignSaid extends Said {
  readonly key: string;
  readonly certificates?: string;
  readonly ignore?: string[];
  readonly followLinks?: boolean;
}
interface VerifySaid extends Said {
  readonly key?: string;
  readonly ca?: string;
  readonly identity?: string;
  readonly ignoreUnsigned?: boolean;
}

/** `model`: signatures over weights, made and checked on this machine, with nobody asked. */
export function modelCommands(program: Command): void {
  const model = program
    .command("model")
    .description("sign models and verify what was signed (OpenSSF Model Signing)");
  model
    .command("sign <path>")
    .description("sign a model: a file, or a folder of files")
    .requiredOption("--key <file>", "the private key, PEM of P-256, P-384 or P-521")
    .option("--certificates <file>", "its certificates, PEM, its own first: who you are stands in them")
    .option("--signature <file>", "where to write it (model.sig within the folder, or <file>.sig)")
    .option(
      "--ignore <path...>",
      "what to leave out of the model; hosts leave out nothing of this, so no agent runs it",
    )
    .option("--follow-links", "sign what links lead to, wherever that is")
    .option("--json", "tell it as JSON")
    .action(sign);
  model
    .command("verify <path>")
    .description("tell whether a model is what somebody has signed, and if not, what differs")
    .option("--key <file>", "the signer's public key, PEM")
    .option("--ca <file>", "certificates of the authorities that are trusted, PEM; with --identity")
    .option(
      "--identity <name>",
      "who must have signed: a URI, DNS name or subject in the certificate, exactly",
    )
    .option("--signature <file>", "where the signature lies (model.sig within the folder, or <file>.sig)")
    .option("--ignore-unsigned", "let files stand beside those that were signed")
    .option("--json", "tell it as JSON")
    .action(verify);
  model
    .command("digest <path>")
    .description("show what a host measures of a model: its root digest, and each file's")
    .option("--json", "tell it as JSON")
    .action(digest);
}

async function sign(path: string, { key: keyFile, json = false, ...said }: SignSaid): Promise<void> {
  const key = readPrivateKey(keyFile);
  const chain = said.certificates === undefined ? undefined : chainFor(keyFile, said.certificates);
  const place = modelAt(path, said.signature);
  const ignorePaths = leftOut(place, said.ignore?.map(requirePath));
  const serialization = {
    method: "files",
    hashType: "sha256",
    allowSymlinks: said.followLinks === true,
    ignorePaths,
  } as const;
  const { root, resources, size } = await measured(place, { ignored: ignorePaths, serialization });
  const manifest: ModelManifest = { name: place.name, root, resources, serialization };
  const bundle = orTrouble(() => signModel(manifest, { key, ...(chain === undefined ? {} : { chain }) }));
  write(place.signature, bundle);
  if (json)
    return say.json({ model: place.name, root, files: resources.length, size, signature: place.signature });
  say.line(`${green("✓")} signed ${bold(visible(place.name))}: ${filesSaid(resources.length, size)}`);
  say.line(`  root       sha256:${root}`);
  say.line(`  signature  ${visible(place.signature)}`);
  if (serialization.allowSymlinks)
    say.line(yellow("  links were followed: hosts follow none, and measure copies only"));
}

function requirePath(path: string): string {
  if (isModelPath(path)) return path;
  throw new Misuse(
    `${path} is no path within the model.`,
    "Say it from the model's folder, such as cache/tmp.",
  );
}

/** @throws Trouble when the certificate is not for this key: nobody could verify that */
function chainFor(keyFile: string, file: string): Uint8Array[] {
  const chain = readCertificates(file);
  if (chain[0]?.key.equals(createPublicKey(readPrivateKey(keyFile))) !== true)
    throw new Trouble(
      `The first certificate in ${file} is not for the key in ${keyFile}.`,
      "Its own comes first.",
    );
  return chain.map(({ raw }) => raw);
}

function write(file: string, bundle: string): void {
  try {
    writeFileSync(file, `${bundle}\n`);
  } catch (error) {
    throw new Trouble(
      `${file} cannot be written: ${(error as Error).message}.`,
      "Name another place with --signature.",
    );
  }
}

async function verify(
  path: string,
  { json = false, ignoreUnsigned = false, ...said }: VerifySaid,
): Promise<void> {
  const trusted = trustedBy(said);
  const place = modelAt(path, said.signature);
  const { manifest } = verified(place, trusted);
  const found = await differences(place, manifest);
  const counted = found.filter(({ kind }) => !(ignoreUnsigned && kind === "extra"));
  if (counted.length > 0) process.exitCode = 1;
  const { root, resources } = manifest;
  if (json)
    return say.json({
      verified: counted.length === 0,
      model: place.name,
      root,
      files: resources.length,
      differences: found,
    });
  if (counted.length > 0) return tellDifferences(place, manifest, found);
  say.line(
    `${green("✓")} ${bold(visible(place.name))} is what was signed: ${resources.length} ${resources.length === 1 ? "file" : "files"}`,
  );
  say.line(`  root  sha256:${root}`);
  for (const { name } of found) say.line(yellow(`  not signed: ${visible(name)}`));
  tellLeftOut(place, manifest);
}

function trustedBy({ key, ca, identity }: VerifySaid): TrustedSigner {
  if ((key === undefined) === (ca === undefined) || (ca === undefined) !== (identity === undefined))
    throw new Misuse("Whose signature?", "Give --key, or --ca with --identity.");
  if (key !== undefined) return { kind: "key", key: readPublicKey(key) };
  return {
    kind: "certificate",
    roots: readCertificates(ca ?? ""),
    identities: [identity ?? ""],
    now: Date.now(),
  };
}

function verified({ signature }: ModelPlace, trusted: TrustedSigner): SignedModel {
  let text: string;
  try {
    text = readFileSync(signature, "utf8");
  } catch {
    throw new Trouble(
      `There is no signature at ${signature}.`,
      "Name its place with --signature: what is not signed is not verified.",
    );
  }
  const bundle = orTrouble(() => readModelBundle(text));
  if (bundle.material.kind === "sigstore")
    throw new Trouble(
      "It was signed without a key of its own (keyless).",
      "A server verifies that: countersign models register.",
    );
  return orTrouble(() => verifyModelSignature(bundle, trusted));
}

async function differences(
  place: ModelPlace,
  { serialization, resources }: ModelManifest,
): Promise<Difference[]> {
  const ignored = leftOut(place, serialization.ignorePaths);
  const found = await measured(place, { ignored, serialization });
  // An old signer calls a model that is one file `.`.
  const old = !place.isFolder && resources[0]?.name === ".";
  return differencesFrom(
    resources,
    old ? found.resources.map((each) => ({ ...each, name: "." })) : found.resources,
  );
}

const WORDS: Readonly<Record<Difference["kind"], string>> = {
  changed: "changed",
  missing: "missing",
  extra: "not signed",
};
/** More lines than these nobody reads; `--json` has all. */
const MOST_LINES = 20;

function tellDifferences(
  { name }: ModelPlace,
  { resources }: ModelManifest,
  found: readonly Difference[],
): void {
  say.line(
    `${red("✗")} ${bold(visible(name))} is not what was signed: ${countsOf(found)} (${resources.length} were signed)`,
  );
  for (const { kind, name: file } of found.slice(0, MOST_LINES))
    say.line(`  ${WORDS[kind].padEnd(10)}  ${visible(file)}`);
  if (found.length > MOST_LINES) say.line(faint(`  and ${found.length - MOST_LINES} more; --json has all`));
}

const countsOf = (found: readonly Difference[]): string =>
  (["changed", "missing", "extra"] as const)
    .flatMap((kind) => {
      const count = found.filter((each) => each.kind === kind).length;
      return count === 0 ? [] : [`${count} ${WORDS[kind]}`];
    })
    .join(", ");

/** What the signer chose not to sign: a signature says nothing about it. */
function tellLeftOut(place: ModelPlace, { serialization: { ignorePaths } }: ModelManifest): void {
  const usual = leftOut(place);
  const more = ignorePaths.filter((path) => !usual.includes(path));
  if (more.length > 0)
    say.line(yellow(`  left out by the signer, so not verified: ${visible(more.join(", "))}`));
}

async function digest(path: string, { json = false }: Said): Promise<void> {
  const place = modelAt(path);
  const serialization = { hashType: "sha256", allowSymlinks: false } as const;
  const { root, resources, size } = await measured(place, { ignored: leftOut(place), serialization });
  if (json) return say.json({ model: place.name, root, size, files: resources });
  for (const { name, digest: hex } of resources) say.line(`${faint(hex)}  ${visible(name)}`);
  say.line(`${bold(`sha256:${root}`)}  ${visible(place.name)}: ${filesSaid(resources.length, size)}`);
}

const filesSaid = (files: number, size: number): string =>
  `${files} ${files === 1 ? "file" : "files"}, ${bytesSaid(size)}`;

function orTrouble<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    throw new Trouble(`The signature is refused: ${error.message}.`, REMEDIES[error.code]);
  }
}

const REMEDIES: Readonly<Partial<Record<VerificationError["code"], string>>> = {
  "unknown-key": "Ask whoever gave you the model for the signer's key, by another way.",
  "bad-signature": "The model or its signature was tampered with: fetch both anew.",
  "wrong-subject": "Check --identity against the certificate.",
  expired: "Have it signed anew.",
  "wrong-alg": "Use a key of P-256, P-384 or P-521: openssl ecparam -genkey -name prime256v1 -noout.",
};
