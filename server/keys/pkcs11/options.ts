import { isAbsolute } from "node:path";
import { Fault } from "../../lib/index.ts";

/** Which token of which module holds the keys, and where its PIN is. */
export interface Pkcs11Options {
  /** Absolute path of the library. */
  readonly module: string;
  readonly token: { readonly label: string } | { readonly slot: number };
  /** Absolute path of a file that only this user reads, with the user's PIN in it. */
  readonly pinFile: string;
}

/**
 * Reads `module=/usr/lib/….so;token=<label>;pin-file=/…`, or `slot=<number>` in place of the token's label.
 * @throws Fault `invalid`
 */
export function readPkcs11Options(text: string): Pkcs11Options {
  const said = new Map<string, string>();
  for (const part of text.split(";").filter((each) => each !== "")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(0, at));
    if (!["module", "token", "slot", "pin-file"].includes(name) || said.has(name)) throw unreadable();
    said.set(name, part.slice(at + 1));
  }
  const [module = "", pinFile = ""] = [said.get("module"), said.get("pin-file")];
  if (!isAbsolute(module) || !isAbsolute(pinFile)) throw unreadable();
  return { module, pinFile, token: tokenOf(said.get("token"), said.get("slot")) };
}

function tokenOf(label: string | undefined, slot: string | undefined): Pkcs11Options["token"] {
  if (label !== undefined && label !== "" && label.length <= 32 && slot === undefined) return { label };
  if (label === undefined && slot !== undefined && /^[0-9]{1,15}$/.test(slot)) return { slot: Number(slot) };
  throw unreadable();
}

const unreadable = (): Fault =>
  new Fault("invalid", "What is said of the PKCS #11 module cannot be read.", {
    remedy:
      "Write module=<absolute path>;token=<label>;pin-file=<absolute path>, or slot=<number> for the token. The PIN itself stays in its file.",
  });
