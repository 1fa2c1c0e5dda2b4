import { generateKeyPairSync } from "node:crypto";
import { encodeBase64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
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
export function createKey(deps: Deps, folder: string, planned: Planned): Promise<boolean> {
  const material = planned.purpose === "envelope" ? envelopeMaterial(deps) : signingMaterial(planned.purpose);
  const content: KeyContent = { ...planned, ...material, created: deps.clock.now() };
  return createOnce(folder, nameOfKeyFile(planned), `${canonicalize(content as Json)}\n`);
}

type Material = Pick<KeyContent, "kid" | "jwk">;

function envelopeMaterial({ random }: Deps): Material {
  const kid = encodeBase64url(random.bytes(ENVELOPE_KID_BYTES));
  return { kid, jwk: { kty: "oct", k: encodeBase64url(random.bytes(ENVELOPE_KEY_BYTES)) } };
}

function signingMaterial(purpose: SigningPurpose): Material {
  const { privateKey } =
    ALGORITHMS[purpose] === "EdDSA"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const jwk = privateKey.export({ format: "jwk" }) as Record<string, string>;
  return { kid: thumbprint(publicJwkOf(privateKey)), jwk };
}
