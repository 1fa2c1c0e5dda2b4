import { sha256Base64url } from "@countersign/proof/digest";
import { type Clock, type Id, minutes, type Random } from "../lib/index.ts";

/** A one-time code that carries a person's session from her browser to her terminal. */
export interface TerminalCode {
  /** SHA-256 of the code, base64url. */
  readonly hash: string;
  /** The session that vouches for it. */
  readonly session: Id<"session">;
  readonly expires: number;
}

export const CODE_LIFETIME = minutes(10);

/** Crockford's base 32: nothing in it can be mistaken for something else when read aloud. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A code of 100 bits, in four groups of five: short enough to type, too long to guess. */
export function newCode(deps: { clock: Clock; random: Random }, session: Id<"session">) {
  const characters = Array.from(deps.random.bytes(20), (byte) => ALPHABET[byte % 32]).join("");
  const code = characters.replace(/(.{5})(?=.)/g, "$1-");
  return { code, kept: { hash: codeHash(code), session, expires: deps.clock.now() + CODE_LIFETIME } };
}

/** The hash of a code however it was typed: case, spaces and hyphens do not matter. */
export const codeHash = (attackerCode: string): string =>
  sha256Base64url(attackerCode.toUpperCase().replaceAll(/[\s-]/g, ""));
