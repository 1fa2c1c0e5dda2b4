/** For tests only: the market with agents that people start as clients, and clients that play by the book. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createDpopProof } from "@countersign/proof/dpop";
import { type PublicJwk, publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import type { TestEngine } from "../../audit/test-databases.ts";
import { ALL, REPORTS, sign } from "../../delegation/fixture.ts";
import type { Delegation } from "../../delegation/index.ts";
import { type Enrolled, issuer, signIn, stranger } from "../../login/fixture.ts";
import { sessionCaller } from "../../login/index.ts";
import { type AgentClient, registerAgent } from "../../registry/index.ts";
import { openMarket, requestTo } from "../fixture.ts";
import type { TokenResponse } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { issueToken } from "../token.ts";
import { type Begun, beginAuthorization } from "./begin.ts";
import { chooseGrants } from "./choose.ts";
import { finishAuthorization } from "./finish.ts";

export const CALLBACK = "http://127.0.0.1:33418/callback";

export type Bazaar = Awaited<ReturnType<typeof openBazaar>>;

/** The market, an agent that goes by its own name, and one that goes by a document on this machine. */
export async function openBazaar(engine: TestEngine) {
  const market = await openMarket(engine);
  const site = await openSite();
  await interactiveAgent(market, "assistant", { redirect_uris: [CALLBACK, "https://app.example/cb"] });
  await interactiveAgent(market, "documented", { client_id: site.url("/client.json") });
  const close = async (): Promise<void> => {
    await market.close();
    await site.close();
  };
  return { ...market, site, close };
}

export const interactiveAgent = (
  { deps, ada }: { deps: OauthDeps; ada: Enrolled },
  name: string,
  client: AgentClient,
) =>
  registerAgent(deps, ada.caller, {
    name,
    class: "reporting",
    purpose: "works with people",
    environment: "production",
    owner: ada.id,
    grants: ALL.filter(({ identifier }) => identifier !== "reports/write"),
    client: client as { client_id: string },
  });

/** A maker's site: what stands at which path, and how often it was asked for. */
export interface Site {
  readonly pages: Map<string, { body: string; headers?: Record<string, string>; status?: number }>;
  readonly asked: string[];
  url(path: string): string;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const pages: Site["pages"] = new Map();
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const page = pages.get(request.url ?? "");
    response.writeHead(page?.status ?? (page === undefined ? 404 : 200), {
      "content-type": "application/json",
      ...page?.headers,
    });
    response.end(page?.body ?? "{}");
  });
  await new Promise<void>((done) => server.listen(0, "localhost", done));
  const { port } = server.address() as AddressInfo;
  const url = (path: string): string => `http://localhost:${port}${path}`;
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.closeAllConnections();
      server.close(() => done());
    });
  return { pages, asked, url, close };
}

/** A client on a person's machine: its key, its verifier, and what it asks. */
export interface TestClient {
  readonly key: KeyObject;
  readonly jwk: PublicJwk;
  readonly jkt: string;
  readonly verifier: string;
  readonly params: Record<string, string>;
}

export function newClient(more: Record<string, string> = {}): TestClient {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicJwkOf(key);
  const verifier = randomBytes(32).toString("base64url");
  const params = {
    response_type: "code",
    client_id: "assistant",
    redirect_uri: CALLBACK,
    state: "the client's own",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    resource: REPORTS,
    ...more,
  };
  return { key, jwk, jkt: thumbprint(jwk), verifier, params };
}

export const begin = (deps: OauthDeps, { caller }: Enrolled, { params }: TestClient): Promise<Begun> =>
  beginAuthorization(deps, caller, { params });

/** She leaves these, or all that is offered, and signs just that. */
export async function consent(
  deps: OauthDeps,
  who: Enrolled,
  { authorization }: Begun,
  places = authorization.offered.map((_, place) => place),
): Promise<Delegation> {
  const choice = { id: authorization.id, places, expiresIn: 3_600_000 };
  const { id } = await chooseGrants(deps, who.caller, choice);
  return (await sign(deps, who, id)).edge;
}

/** What the client is answered, as it arrives at its redirect URI. */
export async function codeFor(
  deps: OauthDeps,
  who: Enrolled,
  client: TestClient,
  places?: number[],
): Promise<URLSearchParams> {
  const begun = await begin(deps, who, client);
  await consent(deps, who, begun, places);
  const { redirect } = await finishAuthorization(deps, who.caller, { id: begun.authorization.id });
  return new URL(redirect).searchParams;
}

/** The client at the token endpoint, with a proof of its key. */
export const askAs = (
  deps: OauthDeps,
  { key, params }: Pick<TestClient, "key" | "params">,
  form: Record<string, string>,
): Promise<TokenResponse> =>
  issueToken(deps, stranger, {
    form: { client_id: params.client_id ?? "", ...form },
    request: requestTo("/oauth/token", { dpop: proofBy(deps, key) }),
  });

export const proofBy = (deps: OauthDeps, key: KeyObject): string =>
  createDpopProof({
    key,
    method: "POST",
    url: `${issuer}/oauth/token`,
    now: deps.clock.now(),
    jti: randomUUID(),
  });

export const redeemForm = (client: TestClient, code: string, more: Record<string, string> = {}) => ({
  grant_type: "authorization_code",
  code,
  redirect_uri: client.params.redirect_uri ?? "",
  code_verifier: client.verifier,
  ...more,
});

export const redeemAs = (
  deps: OauthDeps,
  client: TestClient,
  code: string,
  more: Record<string, string> = {},
): Promise<TokenResponse> => askAs(deps, client, redeemForm(client, code, more));

export const refreshAs = (
  deps: OauthDeps,
  client: TestClient,
  refresh_token: string,
  more: Record<string, string> = {},
): Promise<TokenResponse> => askAs(deps, client, { grant_type: "refresh_token", refresh_token, ...more });

/** The whole way. */
export async function tokensFor(deps: OauthDeps, who: Enrolled, client: TestClient, places?: number[]) {
  const answer = await codeFor(deps, who, client, places);
  const token = await redeemAs(deps, client, answer.get("code") ?? "");
  return { ...token, code: answer.get("code") ?? "", refresh: token.refresh_token ?? "" };
}

/** The same person in another session. */
export async function anotherSession(deps: OauthDeps, who: Enrolled): Promise<Enrolled> {
  const { token } = await signIn(deps, who);
  const caller = await sessionCaller(deps, token);
  if (caller === undefined) throw new Error("the session that just began is not good");
  return { ...who, token, caller };
}

/** What a maker publishes. */
export const documentOf = (client_id: string, more: object = {}): string =>
  JSON.stringify({
    client_id,
    client_name: "Documented",
    redirect_uris: ["https://documented.example/cb"],
    ...more,
  });
