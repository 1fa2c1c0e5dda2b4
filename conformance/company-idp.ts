/**
 * The company's identity provider, played by oidc-provider over HTTP: its people sign in there, its clients
 * prove themselves there by a key, and a token exchange turns a sign-in into an ID-JAG for another server.
 */
import { generateKeyPairSync, randomUUID, type webcrypto } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyDpopProof } from "@countersign/proof/dpop";
import {
  createLocalJWKSet,
  exportJWK,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import { errors, Provider } from "oidc-provider";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** The application through which people sign in, as the provider knows it. */
const APPLICATION = "company-application";

/** What is asked of the provider. */
export interface IdJagAsked {
  /** Who has signed in, by the name that the provider gives her. */
  readonly subject: string;
  /** The server that the assertion is for. */
  readonly audience: string;
  /** The client's id at that server. */
  readonly clientId: string;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly authorizationDetails?: readonly object[] | undefined;
  /** More that the provider says of her, such as `email`. */
  readonly about?: Readonly<Record<string, unknown>> | undefined;
  /** A DPoP proof of the client's for the provider's token endpoint: the assertion is bound to its key. */
  readonly dpop?: string | undefined;
}

export interface CompanyIdp {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  /** Signs somebody in, and exchanges that for an assertion. @throws Error unless the provider gives one */
  idJagFor(asked: IdJagAsked): Promise<string>;
  close(): Promise<void>;
}

/** Starts it on this machine, on a port that is free. */
export async function startCompanyIdp(): Promise<CompanyIdp> {
  const server = createServer((request, response) => void handler?.(request, response));
  let handler: ReturnType<Provider["callback"]> | undefined;
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const [signing, clientKey] = [await keyPair("company-1"), await keyPair("application-1")];
  const clientIds = new Map<string, string>();
  handler = providerOf(issuer, signing, clientKey.jwk, clientIds).callback();
  const tokenEndpoint = `${issuer}/token`;
  return {
    issuer,
    tokenEndpoint,
    async idJagFor(asked) {
      clientIds.set(asked.audience, asked.clientId);
      const subjectToken = await signedIn(issuer, signing, asked);
      const assertion = await clientAssertion(issuer, clientKey);
      const form = new URLSearchParams({
        grant_type: EXCHANGE,
        requested_token_type: ID_JAG,
        subject_token: subjectToken,
        subject_token_type: ID_TOKEN,
        audience: asked.audience,
        client_assertion_type: ASSERTION,
        client_assertion: assertion,
        ...(asked.resource === undefined ? {} : { resource: asked.resource }),
        ...(asked.scope === undefined ? {} : { scope: asked.scope }),
        ...(asked.authorizationDetails === undefined
          ? {}
          : { authorization_details: JSON.stringify(asked.authorizationDetails) }),
      });
      const headers = asked.dpop === undefined ? {} : { dpop: asked.dpop };
      const answer = await fetch(tokenEndpoint, { method: "POST", headers, body: form });
      const body = (await answer.json()) as Record<string, unknown>;
      if (answer.status === 200 && body.issued_token_type === ID_JAG) return String(body.access_token);
      throw new Error(`the provider answered ${answer.status} ${JSON.stringify(body)}`);
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

interface KeyPair {
  readonly kid: string;
  readonly jwk: JWK;
  readonly key: webcrypto.CryptoKey;
}

async function keyPair(kid: string): Promise<KeyPair> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: "ES256", use: "sig" };
  return { kid, jwk, key: (await importJWK(jwk, "ES256")) as webcrypto.CryptoKey };
}

const publicPart = ({ d: _, ...jwk }: JWK): JWK => jwk;

function providerOf(
  issuer: string,
  signing: KeyPair,
  clientJwk: JWK,
  clientIds: ReadonlyMap<string, string>,
): Provider {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: APPLICATION,
        grant_types: [EXCHANGE],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        id_token_signed_response_alg: "ES256",
        jwks: { keys: [publicPart(clientJwk)] },
      },
    ],
    jwks: { keys: [signing.jwk as never] },
    features: { devInteractions: { enabled: false } },
  });
  const parameters = [
    "requested_token_type",
    "subject_token",
    "subject_token_type",
    "audience",
    "resource",
    "authorization_details",
    "scope",
  ];
  provider.registerGrantType<Record<string, string | undefined>>(
    EXCHANGE,
    async (context) => {
      const { params } = context.oidc;
      context.body = await exchanged({ issuer, signing, clientIds }, params, context.get("dpop"));
    },
    parameters,
  );
  return provider;
}

/** What the provider checks and says: the draft's step A. */
async function exchanged(
  {
    issuer,
    signing,
    clientIds,
  }: { issuer: string; signing: KeyPair; clientIds: ReadonlyMap<string, string> },
  asked: Readonly<Record<string, string | string[] | undefined>>,
  proof: string,
): Promise<object> {
  const { audience, resource, scope, authorization_details: details } = asked;
  const clientId = clientIds.get(String(audience));
  if (asked.requested_token_type !== ID_JAG || asked.subject_token_type !== ID_TOKEN)
    throw new errors.InvalidRequest("these types are not exchanged here");
  if (clientId === undefined) throw new errors.InvalidTarget();
  const keys = createLocalJWKSet({ keys: [publicPart(signing.jwk)] } as JSONWebKeySet);
  const { payload } = await jwtVerify(String(asked.subject_token), keys, { issuer, audience: APPLICATION });
  const { aud: _, iss: __, iat: ___, exp: ____, ...person } = payload;
  const assertion = await new SignJWT({
    ...person,
    client_id: clientId,
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
    ...(details === undefined ? {} : { authorization_details: JSON.parse(String(details)) }),
    ...(proof === "" ? {} : { cnf: { jkt: holderOf(proof, `${issuer}/token`) } }),
  })
    .setProtectedHeader({ alg: "ES256", kid: signing.kid, typ: "oauth-id-jag+jwt" })
    .setIssuer(issuer)
    .setAudience(String(audience))
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime("5 minutes")
    .sign(signing.key);
  return { access_token: assertion, issued_token_type: ID_JAG, token_type: "N_A", expires_in: 300 };
}

const holderOf = (proof: string, url: string): string =>
  verifyDpopProof(proof, { method: "POST", url, now: Date.now(), windowSeconds: 60 }).jkt;

/** The ID token that a sign-in ends in. */
const signedIn = (
  issuer: string,
  { kid, key }: KeyPair,
  { subject, about = {} }: IdJagAsked,
): Promise<string> =>
  new SignJWT({ acr: "urn:company:mfa", auth_time: Math.floor(Date.now() / 1000), ...about })
    .setProtectedHeader({ alg: "ES256", kid })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(APPLICATION)
    .setIssuedAt()
    .setExpirationTime("5 minutes")
    .sign(key);

const clientAssertion = (issuer: string, { kid, key }: KeyPair): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: "ES256", kid })
    .setIssuer(APPLICATION)
    .setSubject(APPLICATION)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime("1 minute")
    .sign(key);
