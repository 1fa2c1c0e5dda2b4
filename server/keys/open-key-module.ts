import type { Log } from "../lib/index.ts";
import type { KeyModule } from "./key-module.ts";

/**
 * Opens the PKCS #11 module that shall hold the keys of SVIDs. What it takes is loaded here and nowhere else.
 * @param said `module=…;token=…;pin-file=…`
 * @throws Fault `invalid` for what cannot be read; `unavailable` for a module or token that cannot be used
 */
export async function openKeyModule(deps: { log: Pick<Log, "error"> }, said: string): Promise<KeyModule> {
  const { openPkcs11, readPkcs11Options } = await import("./pkcs11/index.ts");
  return openPkcs11(deps, readPkcs11Options(said));
}
