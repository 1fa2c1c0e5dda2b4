import { generateKeyPair, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodeBase64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { type Algorithm, publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import type { Deps } from "../lib/index.ts";
import { createOnce, errorCode } from "./durable-file.ts";
import { isAuthorityPurpose, type Purpose } from "./key.ts";
import {
  ALGORITHMS,
  ENVELOPE_KEY_BYTES,
  ENVELOPE_KID_BYTES,
  type KeyContent,
  nameOfKeyFile,
} from "./key-file.ts";
import type { KeyModule } from "./key-module.ts";

/** A key to be made: its place in the succession, and when it is to be used first (ms). */
export interface Planned {
  readonly purpose: Purpose;
  readonly generation: number;
  readonly activates: number;
  /** Those before it may be in other hands. */
  readonly emergency?: true;
}

/** Where keys are made. */
export interface KeyPlace {
  readonly folder: string;
  /** Holds the keys of SVIDs, where there is one. */
  readonly module: KeyModule | undefined;
}

/**
 * Makes a key and its file; one of SVIDs in the module, where there is one.
 * @returns false when another server has just made the one of this purpose and generation
 * @throws Fault `unavailable` when the folder cannot be written, or the module is away
 */
export async function createKey(deps: Deps, place: KeyPlace, planned: Planned): Promise<boolean> {
  const material = await materialFor(deps, place, planned.purpose);
  const content: KeyContent = { ...planned, ...material, created: deps.clock.now() };
  const file = { name: nameOfKeyFile(planned), text: `${canonicalize(content as Json)}\n` };
  try {
    return await createOnce(place.folder, file.name, file.text);
  } finally {
    if (material.held !== undefined) await destroyUnlessNamed(place, file, material.held);
  }
}

/**
 * A pair that no file names would stay in the module for ever: nobody finds it again. Where it cannot be told, it
 * stays. The module says in the log what it could not do.
 */
async function destroyUnlessNamed(
  { folder, module }: KeyPlace,
  { name, text }: { name: string; text: string },
  held: string,
): Promise<void> {
  try {
    if ((await readFile(join(folder, name), "utf8")) === text) return;
  } catch (error) {
    if (errorCode(error) !== "ENOENT") return;
  }
  await module?.destroy(held).catch(() => undefined);
}

function materialFor(deps: Deps, { module }: KeyPlace, purpose: Purpose): Promise<Material> | Material {
  if (purpose === "envelope") return envelopeMaterial(deps);
  if (module === undefined || !isAuthorityPurpose(purpose)) return signingMaterial(purpose);
  return heldMaterial(module);
}

/** RSA takes long to find; the others wait with it in a thread of their own. */
const generate = promisify(generateKeyPair);

const newPair = {
  EdDSA: () => generate("ed25519", {}),
  ES256: () => generate("ec", { namedCurve: "prime256v1" }),
  RS256: () => generate("rsa", { modulusLength: 2048 }),
} satisfies Record<Algorithm, () => Promise<{ privateKey: KeyObject }>>;

type Material = Pick<KeyContent, "kid" | "jwk" | "held">;

async function heldMaterial(module: KeyModule): Promise<Material> {
  const { held, publicJwk } = await module.generate();
  return { kid: thumbprint(publicJwk), jwk: { ...publicJwk }, held };
}

function envelopeMaterial({ random }: Deps): Material {
  const kid = encodeBase64url(random.bytes(ENVELOPE_KID_BYTES));
  return { kid, jwk: { kty: "oct", k: encodeBase64url(random.bytes(ENVELOPE_KEY_BYTES)) } };
}

async function signingMaterial(purpose: Exclude<Purpose, "envelope">): Promise<Material> {
  const { privateKey } = await newPair[ALGORITHMS[purpose]]();
  const jwk = privateKey.export({ format: "jwk" }) as Record<string, string>;
  return { kid: thumbprint(publicJwkOf(privateKey)), jwk };
}
