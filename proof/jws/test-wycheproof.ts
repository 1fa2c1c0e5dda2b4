import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../jcs/index.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(process.env.COUNTERSIGN_VECTORS ?? join(root, "../shared/vectors"), "wycheproof");

/** How a suite says that it has no vectors to run. */
export const skip = existsSync(folder) ? false : "no vectors";

/** One case of a file, with the key of its group as JSON, as it would reach us. */
export type Case<C> = C & { tcId: number; comment: string; result: string; jwk: Json };
export type JwsCase = Case<{ jws: string }>;
export type SignatureCase = Case<{ msg: string; sig: string }>;

type Group = {
  public?: Json;
  private?: Json;
  publicKeyJwk?: Json;
  publicKey?: { wx: string; wy: string };
  tests: object[];
};

export const jwsFile = "json_web_signature_test.json";
export const jwkFile = "json_web_key_test.json";
export const signatureFiles = [
  ["ed25519_test.json", 151],
  ["ecdsa_secp256r1_sha256_p1363_test.json", 262],
] as const;

/** All cases of a file of Wycheproof's. */
export function casesOf<C>(file: string): Case<C>[] {
  const { testGroups } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { testGroups: Group[] };
  return testGroups.flatMap((group) =>
    group.tests.map((each) => ({ ...each, jwk: jwkOf(group) }) as Case<C>),
  );
}

/** Some groups of the ECDSA file give no JWK, only the coordinates as hexadecimal integers. */
function jwkOf({ public: shown, private: secret, publicKeyJwk, publicKey }: Group): Json {
  if (publicKey === undefined || publicKeyJwk !== undefined) return shown ?? secret ?? publicKeyJwk ?? null;
  const [x = "", y = ""] = [publicKey.wx, publicKey.wy].map((hex) =>
    Buffer.from(hex.padStart(64, "0").slice(-64), "hex").toString("base64url"),
  );
  return { kty: "EC", crv: "P-256", x, y };
}
