import { Fault } from "../../lib/index.ts";
import { readPrivateFile } from "../private-files.ts";
import { CK, type Cryptoki, CryptokiError, readUlong, ulong } from "./cryptoki.ts";
import type { Pkcs11Options } from "./options.ts";

const TOKEN_PRESENT = 1;
/** CKF_SERIAL_SESSION and CKF_RW_SESSION. */
const SERIAL_AND_WRITING = 0x04 | 0x02;
const USER = 1;
/** CK_TOKEN_INFO, its label first; a little more than it has anywhere. */
const TOKEN_INFO_BYTES = 256;
const LABEL_BYTES = 32;
const MOST_SLOTS = 256;

/**
 * Opens a session with the token, and shows it the PIN.
 * @returns its handle
 * @throws CryptokiError; Fault `unavailable` where there is no such token or no PIN
 */
export async function openSession(cryptoki: Cryptoki, { token, pinFile }: Pkcs11Options): Promise<number> {
  const slot = "slot" in token ? token.slot : await slotOf(cryptoki, token.label);
  const handle = ulong();
  await cryptoki.call("C_OpenSession", slot, SERIAL_AND_WRITING, null, null, handle);
  const session = readUlong(handle);
  const pin = Buffer.from(pinIn(pinFile));
  const code = await cryptoki.ask("C_Login", session, USER, pin, pin.length);
  pin.fill(0);
  if (code !== CK.OK && code !== CK.USER_ALREADY_LOGGED_IN) throw new CryptokiError("C_Login", code);
  return session;
}

async function slotOf(cryptoki: Cryptoki, label: string): Promise<number> {
  const found: number[] = [];
  for (const slot of await slotsOf(cryptoki)) {
    const info = Buffer.alloc(TOKEN_INFO_BYTES);
    const code = await cryptoki.ask("C_GetTokenInfo", slot, info);
    if (code === CK.OK && info.toString("utf8", 0, LABEL_BYTES).trimEnd() === label) found.push(slot);
  }
  const [slot, ...others] = found;
  if (slot !== undefined && others.length === 0) return slot;
  throw new Fault(
    "unavailable",
    `There is ${slot === undefined ? "no" : "more than one"} token of this label.`,
    {
      remedy: "Name the token's slot, or see with the module's own tools which tokens there are.",
    },
  );
}

async function slotsOf(cryptoki: Cryptoki): Promise<number[]> {
  const [list, count] = [Buffer.alloc(8 * MOST_SLOTS), ulong(MOST_SLOTS)];
  await cryptoki.call("C_GetSlotList", TOKEN_PRESENT, list, count);
  return Array.from({ length: readUlong(count) }, (_, i) => readUlong(list.subarray(i * 8)));
}

/** @throws Fault `unavailable`, also where others could have read it */
function pinIn(path: string): string {
  const pin = readPrivateFile(path)?.replace(/\r?\n$/, "");
  if (pin !== undefined && pin !== "") return pin;
  throw new Fault("unavailable", `There is no PIN in ${path}.`, {
    remedy: "Write the token's user PIN into it, readable by this user alone (chmod 600).",
  });
}
