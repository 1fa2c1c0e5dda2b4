/** For tests only: an identity provider on this machine, which publishes its keys and signs what it is told. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from "jose";

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export interface TestProvider {
  readonly issuer: string;
  readonly jwksUri: string;
  /** The keys that it publishes now; a test may change them. */
  published: JWK[];
  /** How often its keys were asked for. */
  asked: number;
  /** What it says of how long its keys hold, where it says anything. */
  cacheControl?: string;
  /** Whether it answers at all. */
  up: boolean;
  key(alg: string, kid: string): Promise<SigningKey>;
  sign(
    claims: Record<string, unknown>,
    header?: Partial<JWTHeaderParameters>,
    by?: SigningKey,
  ): Promise<string>;
  close(): Promise<void>;
}

async function makeKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

export async function startTestProvider(): Promise<TestProvider> {
  const first = await makeKey("ES256", "first");
  const server = createServer((request, response) => {
    if (!provider.up) return void response.writeHead(503).end();
    const keys = request.url === "/jwks";
    if (keys) provider.asked += 1;
    const { issuer, jwksUri: jwks_uri, published } = provider;
    const { cacheControl } = provider;
    const kept = cacheControl === undefined ? {} : { "cache-control": cacheControl };
    response.writeHead(200, { "content-type": "application/json", ...kept });
    response.end(JSON.stringify(keys ? { keys: published } : { issuer, jwks_uri }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const provider: TestProvider = {
    issuer,
    jwksUri: `${issuer}/jwks`,
    published: [first.publicJwk],
    asked: 0,
    up: true,
    key: makeKey,
    sign: (claims, header = {}, by = first) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: by.alg, kid: by.kid, typ: "oauth-id-jag+jwt", ...header })
        .sign(by.privateKey),
    close: () => new Promise((closed) => server.close(() => closed())),
  };
  return provider;
}
