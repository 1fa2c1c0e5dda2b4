import { z } from "zod";
import { recordRefusal } from "../audit/index.ts";
import { shapeTask, taskAnswer } from "../delegation/index.ts";
import { type Answer, route } from "../http/index.ts";
import { type Caller, Fault, isId, seconds } from "../lib/index.ts";
import { isLoopbackRedirect, printableText } from "../registry/index.ts";
import { AuthorizationRefused, answerAt } from "./authorization/answer.ts";
import { type Begun, beginAuthorization } from "./authorization/begin.ts";
import { chooseGrants } from "./authorization/choose.ts";
import { finishAuthorization, refuseAuthorization } from "./authorization/finish.ts";
import { readAuthorizationRequest } from "./authorization/request.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import type { Form } from "./parameters.ts";

/** Parameters that no specification we follow defines are passed over (RFC 6749 §3.1). */
const params = z.record(z.string().max(100), z.string().max(12_000));

const SEE_OTHER = 303;

/**
 * Reads the request before anybody has to sign in, and sends the browser on: to the page that shows it, to the
 * client with what is wrong, or to nowhere while it is not known whose request it is.
 */
async function read(deps: OauthDeps, caller: Caller, attackerParams: Form): Promise<Answer> {
  try {
    await readAuthorizationRequest(deps, attackerParams);
    const query = new URLSearchParams(attackerParams as Record<string, string>);
    return seeOther(`${deps.issuer}/login#authorize=${encodeURIComponent(query.toString())}`);
  } catch (problem) {
    if (problem instanceof AuthorizationRefused) return seeOther(await refusedAt(deps, caller, problem));
    throw problem;
  }
}

const seeOther = (location: string): Answer => ({ status: SEE_OTHER, headers: { location } });

async function refusedAt(deps: OauthDeps, caller: Caller, refused: AuthorizationRefused): Promise<string> {
  const { to, code: error, message, fault } = refused;
  const recorded = fault ?? new Fault("invalid-request", message, { record: { error } });
  await recordRefusal(deps, caller, "authorization.read", recorded);
  return answerAt(to, deps.issuer, { error, error_description: message });
}

export const authorize = route<OauthDeps>()({
  summary: "An interactive client sends a person here, to ask what she gives it (RFC 6749, PKCE, RFC 9396).",
  faults: "page",
  query: params,
  answers: { [SEE_OTHER]: "To the page that shows the request, or back to the client." },
  handle: (deps, caller, { query }) => read(deps, caller, query),
});

export const authorizePosted = route<OauthDeps>()({
  summary: "The same, as a form.",
  encoding: "form",
  faults: "page",
  body: params,
  answers: { [SEE_OTHER]: "To the page that shows the request, or back to the client." },
  handle: (deps, caller, { body }) => read(deps, caller, body),
});

const requestId = z.strictObject({
  id: z.string().refine((text) => isId(text, "request"), "This is not the id of a request."),
});
const redirect = z.object({ redirect: z.string().describe("Where the browser goes now.") });
const lines = z.array(z.string());

const shown = z.object({
  id: z.string(),
  client: z.object({
    id: z.string(),
    name: z.string().describe("What its maker calls it."),
    documented: z.boolean().describe("Whether the id is the address of a document that its maker publishes."),
  }),
  agent: z.object({ name: z.string(), purpose: z.string(), owner: z.string(), owner_name: z.string() }),
  resource: z.object({ location: z.string(), name: z.string() }),
  redirect_uri: z.string(),
  loopback: z.boolean().describe("Some program on the person's own machine receives the answer."),
  purpose: z.string().optional().describe("In the client's words."),
  tools: z.array(
    z.object({
      tool: z.string(),
      labels: lines,
      yours: lines,
      agents: lines,
      asked: lines.optional(),
      given: z.array(z.int()).describe("Places in grants."),
    }),
  ),
  grants: z.array(z.unknown()),
  expires: z.int(),
});

export const authorizationBegin = route<OauthDeps>()({
  summary: "A person looks at what an interactive client asks of her: what is hers, the agent's, and asked.",
  body: z.strictObject({ request: z.string().max(16_000).describe("The query of the client's request.") }),
  answers: { 201: shown },
  async handle(deps, caller, { body }) {
    const attackerParams = paramsOf(body.request);
    const begun = await beginOrTell(deps, caller, attackerParams);
    return { status: 201, body: shownOf(begun) };
  },
});

/** Since it was read first something may have changed, or somebody wrote the page's address by hand. */
async function beginOrTell(deps: OauthDeps, caller: Caller, attackerParams: Form): Promise<Begun> {
  try {
    return await beginAuthorization(deps, caller, { params: attackerParams });
  } catch (problem) {
    if (!(problem instanceof AuthorizationRefused)) throw problem;
    throw new Fault("invalid-request", problem.message, {
      remedy: "Start again from the program that asked you.",
      cause: problem,
    });
  }
}

function paramsOf(attackerQuery: string): Form {
  const found: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(attackerQuery)) {
    if (name in found) throw new Fault("malformed", "A parameter is given twice.");
    found[name] = value;
  }
  return { ...found };
}

function shownOf({ authorization, request, offer, ownerName }: Begun): z.input<typeof shown> {
  const { client, resource } = request;
  const { name, purpose, owner } = client.agent;
  return {
    id: authorization.id,
    client: { id: client.clientId, name: client.attackerName, documented: client.kind === "document" },
    agent: { name, purpose, owner, owner_name: ownerName },
    resource: { location: resource.location, name: resource.name },
    redirect_uri: authorization.redirectUri,
    loopback: isLoopbackRedirect(authorization.redirectUri),
    ...(request.attackerPurpose === undefined ? {} : { purpose: request.attackerPurpose }),
    tools: offer.tools.map(({ tool, labels, yours, agents, asked, given }) => ({
      tool,
      labels: [...labels],
      yours: [...yours],
      agents: [...agents],
      ...(asked === undefined ? {} : { asked: [...asked] }),
      given: [...given],
    })),
    grants: [...offer.grants],
    expires: authorization.expires,
  };
}

export const authorizationChoose = route<OauthDeps>()({
  summary: "The person leaves what she would give; a task with just that waits for her signature.",
  params: requestId,
  body: z.strictObject({
    places: z.array(z.int().min(0).max(100)).min(1).max(100).describe("Of the grants that she leaves."),
    instruction: printableText(4000).optional().describe("What she wants done, in her own words."),
    expires_in: z.int().min(60).max(28_800).default(3_600).describe("In seconds."),
  }),
  answers: { 201: taskAnswer },
  async handle(deps, caller, { params: { id }, body: { places, instruction, expires_in } }) {
    const choice = { id, places, instruction, expiresIn: seconds(expires_in) };
    return { status: 201, body: shapeTask(await chooseGrants(deps, caller, choice), deps.clock.now()) };
  },
});

export const authorizationFinish = route<OauthDeps>()({
  summary: "The person has signed: her browser takes a code to the client.",
  params: requestId,
  answers: { 200: redirect },
  handle: async (deps, caller, { params: given }) => ({
    status: 200,
    body: await finishAuthorization(deps, caller, given),
  }),
});

export const authorizationRefuse = route<OauthDeps>()({
  summary: "The person gives nothing: her browser takes that to the client.",
  params: requestId,
  answers: { 200: redirect },
  handle: async (deps, caller, { params: given }) => ({
    status: 200,
    body: await refuseAuthorization(deps, caller, given),
  }),
});
