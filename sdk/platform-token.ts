import { readFile } from "node:fs/promises";
import { isJsonObject, type Json, parseStrict } from "@countersign/proof/jcs";
import { Unreachable } from "./errors.ts";
import { nodeRuntime, type Runtime } from "./runtime.ts";

/** For whom the token shall be made, and where the platform answers, where that is not where it always does. */
export interface TokenRequest {
  /** The control plane's audience for this platform: `definition.audience` of `GET /attestation/platforms/…`. */
  readonly audience: string;
  readonly runtime?: Runtime;
}

interface MetadataRequest extends TokenRequest {
  /** Of the metadata service. */
  readonly baseUrl?: string;
}

const patienceMilliseconds = 5_000;
const longestToken = 16_384;

/**
 * Asks GitHub Actions for a token of the running job; it needs the permission `id-token: write`.
 *
 * @param env of the process, where the job finds whom to ask
 * @throws Unreachable
 */
export async function githubToken({
  audience,
  env = process.env,
  runtime = nodeRuntime,
}: TokenRequest & { readonly env?: Readonly<Record<string, string | undefined>> }): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: where, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = env;
  if (where === undefined || bearer === undefined)
    throw new Unreachable("this is no job of GitHub Actions, or it may not ask for tokens: id-token: write");
  const url = new URL(where);
  url.searchParams.set("audience", audience);
  const answer = await fetched(runtime, url, {
    authorization: `Bearer ${bearer}`,
    accept: "application/json",
  });
  return textIn(answer, "value");
}

/**
 * Reads the token that a cluster has projected into this pod, for the audience that the pod's description names.
 * The kubelet renews the file: read it each time.
 *
 * @throws Unreachable
 */
export async function kubernetesToken(file = "/var/run/secrets/countersign/token"): Promise<string> {
  try {
    return requireToken((await readFile(file, "utf8")).trim());
  } catch (cause) {
    throw new Unreachable(`there is no token in ${file}`, { cause });
  }
}

/**
 * Asks the metadata service of Google's cloud for a token of this machine, with all that it says of it.
 *
 * @throws Unreachable
 */
export async function gcpToken({
  audience,
  baseUrl = "http://metadata.google.internal",
  runtime = nodeRuntime,
}: MetadataRequest): Promise<string> {
  const url = new URL("/computeMetadata/v1/instance/service-accounts/default/identity", baseUrl);
  url.searchParams.set("audience", audience);
  url.searchParams.set("format", "full");
  return requireToken((await fetched(runtime, url, { "metadata-flavor": "Google" })).trim());
}

/**
 * Asks the metadata service of Azure for a token of this machine's managed identity.
 *
 * @param clientId of the identity, where the machine has several
 * @throws Unreachable
 */
export async function azureToken({
  audience,
  clientId,
  baseUrl = "http://169.254.169.254",
  runtime = nodeRuntime,
}: MetadataRequest & { readonly clientId?: string }): Promise<string> {
  const url = new URL("/metadata/identity/oauth2/token", baseUrl);
  url.searchParams.set("api-version", "2018-02-01");
  url.searchParams.set("resource", audience);
  if (clientId !== undefined) url.searchParams.set("client_id", clientId);
  return textIn(await fetched(runtime, url, { metadata: "true" }), "access_token");
}

/** Never over a proxy, and never on to another place: the answer is a credential, and so is what is sent. */
async function fetched(runtime: Runtime, url: URL, headers: Record<string, string>): Promise<string> {
  try {
    const signal = AbortSignal.timeout(patienceMilliseconds);
    const response = await runtime.fetch(url, { headers, redirect: "error", signal });
    const text = await response.text();
    if (response.ok && text.length <= longestToken) return text;
    throw new Error(`it answered ${response.status}`);
  } catch (cause) {
    throw new Unreachable(`${url.origin} gives no token`, { cause });
  }
}

function textIn(answer: string, member: string): string {
  const value = objectIn(answer);
  return requireToken(isJsonObject(value) ? value[member] : undefined);
}

function objectIn(answer: string): Json | undefined {
  try {
    return parseStrict(answer);
  } catch {
    return undefined;
  }
}

function requireToken(value: Json | undefined): string {
  if (typeof value === "string" && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value)) return value;
  throw new Unreachable("what the platform answered is no token");
}
