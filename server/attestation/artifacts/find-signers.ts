import type { DatabaseDeps } from "../../database/index.ts";
import type { Signer, SignerPurpose } from "./signer.ts";
import { allSigners } from "./store-signers.ts";

/** Whose signatures are taken for this purpose, by name: few, as administrators have said. */
export async function findSigners({ database }: DatabaseDeps, purpose: SignerPurpose): Promise<Signer[]> {
  return (await allSigners(database)).filter(({ purposes }) => purposes.includes(purpose));
}
