import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { encodeBase64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { type Algorithm, publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import type { Deps } from "../lib/index.ts";
import { createOnce } from "./durable-file.ts";
import type { Purpose, SigningPurpose } from "./key.ts";
import {
  ALGORITHMS,
  ENVELOPE_KEY_BYTES,
  ENVELOPE_KID_BYTES,
  type KeyContent,
  nameOfKeyFile,
} from "./key-file.ts";

/** A key to be made: its place in the succession, and when it is to be used first (ms). */
export interface Planned {
  readonly purpose: Purpose;
  readonly generation: number;
  readonly activates: number;
  /** Those before it may be in other hands. */
  readonly emergency?: true;
}

/**
 * Makes a key and its file.
 * @returns false when another server has just made the one of this purpose and generation
 * @throws Fault `unavailable` when the folder cannot be written
 */
export async function createKey(deps: Deps, folder: string, planned: Planned): Promise<boolean> {
  const { purpose } = planned;
  const material = purpose === "envelope" ? envelopeMaterial(deps) : await signingMaterial(purpose);
  const content: KeyContent = { ...planned, ...material, created: deps.clock.now() };
  return createOnce(folder, nameOfKeyFile(planned), `${canonicalize(content as Json)}\n`);
}

/** RSA takes long to find; the others wait with it in a thread of their own. */
const generate = promisify(generateKeyPair);

const newPair = {
  EdDSA: () => generate("ed25519", {}),
  ES256: () => generate("ec", { namedCurve: "prime256v1" }),
  RS256: () => generate("rsa", { modulusLength: 2048 }),
} satisfies Record<Algorithm, () => Promise<{ privateKey: KeyObject }>>;

type Material = Pick<KeyContent, "kid" | "jwk">;

function envelopeMaterial({ random }: Deps): Material {
  const kid = encodeBase64url(random.bytes(ENVELOPE_KID_BYTES));
  return { kid, jwk: { kty: "oct", k: encodeBase64url(random.bytes(ENVELOPE_KEY_BYTES)) } };
}

async function signingMaterial(purpose: SigningPurpose): Promise<Material> {
  const { privateKey } = await newPair[ALGORITHMS[purpose]]();
  const jwk = privateKey.export({ format: "jwk" }) as Record<string, string>;
  return { kid: thumbprint(publicJwkOf(privateKey)), jwk };
}
