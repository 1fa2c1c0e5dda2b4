import {
  createLocalJWKSet,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from "jose";

/** What a stranger can fetch from the internet; by URL, as JSON. */
export type Internet = (url: string) => Promise<Record<string, unknown>>;

/** What somebody else's token service asks of an OpenID Connect issuer before it believes one of its tokens. */
export interface Demands {
  readonly issuer: string;
  readonly algorithms: readonly string[];
  /** Seconds that its clock may be apart. */
  readonly leeway: number;
  /** Members that it looks for in the discovery document. */
  readonly discovery: readonly string[];
}

/**
 * For tests: the part that all who take our identity tokens do alike. The signature is checked by a library that is
 * not ours, with the keys that discovery leads to.
 */
export async function believed(
  internet: Internet,
  attackerToken: string,
  { issuer, algorithms, leeway, discovery }: Demands,
  now: number,
): Promise<JWTPayload> {
  const document = await internet(`${issuer}/.well-known/openid-configuration`);
  for (const member of discovery) if (document[member] === undefined) throw new Error(`no ${member}`);
  if (document.issuer !== issuer) throw new Error("the document is another issuer's");
  const { kid } = decodeProtectedHeader(attackerToken);
  if (kid === undefined) throw new Error("no kid");
  const keys = (await internet(String(document.jwks_uri))) as unknown as JSONWebKeySet;
  const { payload } = await jwtVerify(attackerToken, createLocalJWKSet(keys), {
    issuer,
    algorithms: [...algorithms],
    clockTolerance: leeway,
    currentDate: new Date(now),
  });
  return payload;
}

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
