import { decodeBase64url } from "@countersign/proof/digest";
import { isJsonObject, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { jose } from "./jose-library.ts";
import type { KeySource, ProviderKeys } from "./provider-keys.ts";

const LONGEST = 8_192;
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** Members by which whoever sends it would choose the key or the meaning of the signature. */
const FORBIDDEN = ["crit", "b64", "jku", "jwk", "x5c", "x5u"];

/**
 * The issuer that an assertion names, before anything about it is verified: to find out whose keys to ask.
 * @returns nothing for what cannot be read without doubt
 */
export function issuerNamedIn(attackerAssertion: string): string | undefined {
  try {
    const { payload } = partsOf(attackerAssertion);
    return isJsonObject(payload) && typeof payload.iss === "string" ? payload.iss : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Verifies what an identity provider has signed: by one of its published keys, by an algorithm that is
 * taken, of exactly this type. What it says is for the caller to judge.
 * @param typ the media type that the header must name, without `application/`; of several the one, and where
 *   nothing is among them the header may name none
 * @throws Error of any kind for what does not hold; Fault `unavailable` when the keys cannot be had
 * @see RFC 7515 §5.2, RFC 8725
 */
export async function verifyProviderAssertion(
  keys: ProviderKeys,
  provider: KeySource & { readonly algorithms: readonly string[] },
  attackerAssertion: string,
  ...types: readonly (string | undefined)[]
): Promise<JsonObject> {
  const { header, payload } = partsOf(attackerAssertion);
  requireHeader(header, types);
  const { compactVerify } = await jose();
  await keys.with(provider, (found) =>
    compactVerify(attackerAssertion, found, { algorithms: [...provider.algorithms] }),
  );
  if (!isJsonObject(payload)) throw new Error("the payload is no object");
  return payload;
}

/** Read as strictly as our own: each member once, canonical base64url, one reading for everybody. */
function partsOf(attackerAssertion: string) {
  if (attackerAssertion.length > LONGEST || !COMPACT.test(attackerAssertion))
    throw new Error("this is no compact JWS of a bearable size");
  const [header = "", payload = "", signature = ""] = attackerAssertion.split(".");
  decodeBase64url(signature);
  return { header: parseStrict(decodeBase64url(header)), payload: parseStrict(decodeBase64url(payload)) };
}

function requireHeader(attackerHeader: unknown, types: readonly (string | undefined)[]): void {
  const header = attackerHeader as JsonObject;
  if (!isJsonObject(header) || FORBIDDEN.some((member) => Object.hasOwn(header, member)))
    throw new Error("the header has what no header here has");
  if (typeof header.kid !== "string") throw new Error("the header names no key");
  const { typ } = header;
  if (!types.some((one) => typ === one || (one !== undefined && typ === `application/${one}`)))
    throw new Error("the type is another one");
}
