import { randomUUID } from "node:crypto";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import type { JsonObject } from "@countersign/proof/jcs";
import { ask } from "./ask.ts";
import { ApprovalPending, Refused, Unreachable } from "./errors.ts";
import type { Issuer } from "./issuer.ts";
import type { HolderKey } from "./key.ts";
import { createNonces, type Nonces, withNonce } from "./nonces.ts";
import type { Runtime } from "./runtime.ts";

/** This process, enrolled: an agent's or a service's running copy, its key, and how it asks. */
export interface Instance {
  /** Its SPIFFE ID. */
  readonly id: string;
  readonly key: HolderKey;
  readonly issuer: Issuer;
  readonly runtime: Runtime;
  /** What the servers that it asks and calls have handed out for its proofs. */
  readonly nonces: Nonces;
  /**
   * Asks the token endpoint, authenticated by a client assertion and bound by DPoP.
   *
   * @param over a credential that the proof shall cover: what is exchanged by whoever holds its key
   */
  askForToken(form: Readonly<Record<string, string>>, over?: string): Promise<IssuedToken>;
  /** Asks the token endpoint for something that is no access token of its own. */
  exchange(form: Readonly<Record<string, string>>): Promise<JsonObject>;
  /** Its own access token for the control plane; kept until shortly before it expires. */
  actorToken(): Promise<string>;
  /** Runs something with that token. Where it is refused the token is not kept: it may be what has died. */
  withActorToken<T>(use: (actorToken: string) => Promise<T>): Promise<T>;
  /** Says to the token endpoint who asks: by an assertion of its own key, or by its host's word. */
  authenticate(): Promise<Readonly<Record<string, string>>>;
  /** Asks another endpoint of the control plane in its own name. */
  ask(method: "GET" | "POST", path: `/${string}`, json?: JsonObject): Promise<JsonObject>;
}

/** What the token endpoint answered. */
export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since 1970, by this process's clock. */
  readonly expiresAt: number;
  readonly answer: JsonObject;
}

const renewBeforeMilliseconds = 15_000;

/**
 * An enrolled instance over its key. `id` is the SPIFFE ID that enrolment answered.
 *
 * @param authenticate how it says who it is, where not by its key alone
 */
export function instanceOf(
  runtime: Runtime,
  issuer: Issuer,
  id: string,
  key: HolderKey,
  authenticate: Instance["authenticate"] = async () => assertionBy(runtime, issuer, id, key),
): Instance {
  let own: IssuedToken | undefined;
  const instance: Instance = {
    id,
    key,
    issuer,
    runtime,
    authenticate,
    nonces: createNonces(issuer.tokenEndpoint),
    askForToken: (form, over) => withNonce(() => askForToken(instance, form, over)),
    exchange: (form) => withNonce(async () => (await askTokenEndpoint(instance, form)).answer),
    async actorToken() {
      if (own === undefined || runtime.now() >= own.expiresAt - renewBeforeMilliseconds) {
        own = await instance.askForToken({ grant_type: "client_credentials", resource: issuer.id });
      }
      return own.token;
    },
    async withActorToken(use) {
      try {
        return await use(await instance.actorToken());
      } catch (cause) {
        if (cause instanceof Refused && !(cause instanceof ApprovalPending)) own = undefined;
        throw cause;
      }
    },
    ask: (method, path, json) =>
      instance.withActorToken((actorToken) =>
        withNonce(() => {
          const { nonces } = instance;
          const url = issuer.at(path);
          const headers = dpopHeaders(instance, actorToken, { method, url });
          return ask(runtime, { method, url, headers, nonces, ...(json === undefined ? {} : { json }) });
        }),
      ),
  };
  return instance;
}

async function askForToken(
  instance: Instance,
  form: Readonly<Record<string, string>>,
  over?: string,
): Promise<IssuedToken> {
  const { answer, now } = await askTokenEndpoint(instance, form, over);
  return parseIssued(answer, now);
}

/** Each time with new proofs: they count once. */
async function askTokenEndpoint(
  { runtime, issuer, key, nonces, authenticate }: Instance,
  form: Readonly<Record<string, string>>,
  over?: string,
): Promise<{ answer: JsonObject; now: number }> {
  const url = issuer.tokenEndpoint;
  const authentication = await authenticate();
  const now = runtime.now();
  const proof = createDpopProof({
    key: key.privateKey,
    method: "POST",
    url,
    now,
    jti: randomUUID(),
    ...(over === undefined ? {} : { accessToken: over }),
    ...nonceFor(nonces, url),
  });
  const answer = await ask(runtime, {
    method: "POST",
    url,
    headers: { DPoP: proof },
    nonces,
    form: { ...form, ...authentication },
  });
  return { answer, now };
}

/** @see RFC 7523 §2.2 */
export function assertionBy(
  runtime: Runtime,
  issuer: Issuer,
  clientId: string,
  key: HolderKey,
): Readonly<Record<string, string>> {
  const client_assertion = createClientAssertion({
    clientId,
    issuer: issuer.id,
    key: key.privateKey,
    now: runtime.now(),
    jti: randomUUID(),
  });
  return { client_assertion_type: clientAssertionType, client_assertion };
}

function parseIssued(answer: JsonObject, now: number): IssuedToken {
  const { access_token, token_type, expires_in } = answer;
  const bound = typeof token_type === "string" && token_type.toLowerCase() === "dpop";
  if (typeof access_token !== "string" || typeof expires_in !== "number" || !bound) {
    throw new Unreachable("the token endpoint answered no token that is bound to this process's key");
  }
  return { token: access_token, expiresAt: now + expires_in * 1000, answer };
}

/** What a request is, as far as its proof of possession covers it. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  /** Name of the tool that is called, and the hash of its canonical arguments. */
  readonly tool?: string;
  readonly argsHash?: string;
}

/** The two headers of a request with a bound token: the token, and a fresh proof. @see RFC 9449 §7.1 */
export function dpopHeaders(
  { key, runtime, nonces }: Pick<Instance, "key" | "runtime"> & { nonces?: Nonces },
  accessToken: string,
  request: ProvenRequest,
): { Authorization: string; DPoP: string } {
  const proof = createDpopProof({
    key: key.privateKey,
    accessToken,
    now: runtime.now(),
    jti: randomUUID(),
    ...nonceFor(nonces, request.url),
    ...request,
  });
  return { Authorization: `DPoP ${accessToken}`, DPoP: proof };
}

function nonceFor(nonces: Nonces | undefined, url: string): { nonce?: string } {
  const nonce = nonces?.at(url);
  return nonce === undefined ? {} : { nonce };
}
