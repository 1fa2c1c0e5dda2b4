import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { type Caller, type Deps, Fault, isFailure, nobody, seconds } from "../lib/index.ts";
import type { Endpoint } from "./endpoint.ts";
import { oauthErrorOf, oauthStatusOf } from "./oauth-error.ts";
import {
  BODY_LIMIT,
  checked,
  decodeText,
  parseFormBody,
  parseJsonBody,
  requireContentType,
} from "./parse.ts";
import { problemOf, SAFE_HEADERS, statusOf } from "./problem.ts";
import { RateLimiter } from "./rate.ts";
import type { Answer, RawRequest } from "./route.ts";
import { refuseBytes, refuseRepeatedHeaders, refuseUncommon } from "./unreadable.ts";

/** What app tells http about callers: who they are, what they may ask, and where refusals go. */
export interface Gate<D> {
  authenticate(request: RawRequest): Promise<Caller>;
  /** @throws Fault */
  admit(caller: Caller, endpoint: Endpoint<D>, request: RawRequest): void;
  refused(caller: Caller, endpoint: Endpoint<D> | undefined, fault: Fault): Promise<void>;
}

export interface ServerOptions {
  /** The public origin; URLs that proofs cover are built from it, never from the Host header. */
  readonly issuer: URL;
  readonly tls?: { cert: Buffer; key: Buffer } | undefined;
  /** One proxy in front says, as the last entry of X-Forwarded-For, where a request comes from. */
  readonly behindProxy?: boolean;
}

/** How long a whole request may take to arrive, in milliseconds: a client that stops sending is let go. */
const PATIENCE = seconds(10);

/** Node would answer a missing Host header itself, with nothing in it; here it is one more wrong host. */
const CONNECTIONS = {
  headersTimeout: PATIENCE,
  connectionsCheckingInterval: seconds(1),
  requireHostHeader: false,
};

interface Served<D> {
  endpoint: Endpoint<D>;
  caller: Caller;
  raw: RawRequest;
}

/** Serves exactly the rows of the table, each through the same steps: rate, caller, admission, parsing, verb. */
export function buildServer<D extends Deps>(
  deps: D,
  endpoints: readonly Endpoint<D>[],
  gate: Gate<D>,
  options: ServerOptions,
): FastifyInstance {
  const server = Fastify({
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    requestTimeout: PATIENCE,
    trustProxy: options.behindProxy === true ? 1 : false,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 300 },
    clientErrorHandler: refuseBytes,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      void sendFault(reply, asFault(deps, error, request), "problem"),
    ...(options.tls === undefined ? { http: CONNECTIONS } : { https: { ...CONNECTIONS, ...options.tls } }),
  } as object) as unknown as FastifyInstance;
  refuseUncommon(server.server);
  const rates = new RateLimiter();
  const served = new WeakMap<FastifyRequest, Served<D>>();
  readBodiesAsText(server);
  for (const endpoint of endpoints) {
    server.route({
      method: endpoint.method,
      url: endpoint.path,
      onRequest: async (request) => {
        const raw = rawRequest(request, options.issuer);
        served.set(request, { endpoint, caller: nobody(raw.source), raw });
        if (Object.values(request.params as object).includes("")) throw missing(request, endpoints);
        refuseRepeatedHeaders(request.raw);
        requireOurHost(request, options.issuer);
        rates.take(deps.clock.now(), endpoint.rate, raw.source);
        const caller = await gate.authenticate(raw);
        served.set(request, { endpoint, caller, raw });
        gate.admit(caller, endpoint, raw);
      },
      handler: async (request, reply) => {
        const state = served.get(request);
        if (state === undefined) throw new Fault("internal", "The request lost its way.");
        return send(reply, await answer(deps, state, request));
      },
    });
  }
  server.setNotFoundHandler((request) => {
    throw missing(request, endpoints);
  });
  server.setErrorHandler(async (error, request, reply) => {
    const state = served.get(request);
    const fault = asFault(deps, error as Error, request);
    const caller = state?.caller ?? nobody(request.ip);
    const told = await gate.refused(caller, state?.endpoint, fault).then(
      () => fault,
      (unrecorded: Fault) => unrecorded,
    );
    return sendFault(reply, told, state?.endpoint.route.faults ?? "problem");
  });
  return server;
}

async function answer<D>(
  deps: D,
  { endpoint, caller, raw }: Served<D>,
  request: FastifyRequest,
): Promise<Answer> {
  const { route } = endpoint;
  return route.handle(deps, caller, {
    params: checked("path", route.params, request.params),
    query: checked("query", route.query, singleValued(request.query)),
    body: checked("body", route.body, bodyOf(endpoint, request)),
    request: raw,
  });
}

/** Bodies reach the handler as text: which parser reads them is the route's to say, not the caller's. */
function readBodiesAsText(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "buffer" }, async (_request: FastifyRequest, body: Buffer) =>
    decodeText(body),
  );
}

function bodyOf<D>({ route }: Endpoint<D>, request: FastifyRequest): unknown {
  const text = request.body as string | undefined;
  if (route.body === undefined) return isNothing(text) ? undefined : { text };
  requireContentType(route, request.headers["content-type"]);
  if (text === undefined) return undefined;
  if (route.encoding === "form") return parseFormBody(text);
  return route.encoding === "yaml" ? text : parseJsonBody(text);
}

/** Clients that send JSON with every POST say nothing with `{}`. */
const isNothing = (text: string | undefined): boolean =>
  text === undefined || text === "" || text.trim() === "{}";

function singleValued(attackerQuery: unknown): unknown {
  const query = attackerQuery as Record<string, unknown>;
  const doubled = Object.keys(query).some((name) => Array.isArray(query[name]));
  if (doubled)
    throw new Fault("malformed", "A query parameter is given twice.", {
      remedy: "Give each parameter once.",
    });
  return query;
}

function rawRequest(request: FastifyRequest, issuer: URL): RawRequest {
  const path = request.url.split("?")[0] ?? "/";
  return {
    method: request.method,
    url: `${issuer.origin}${path}`,
    path,
    headers: request.headers,
    source: request.ip,
  };
}

/** Refuses other names for this address, so that no page elsewhere can reach it by rebinding its own. */
function requireOurHost(request: FastifyRequest, issuer: URL): void {
  // A request line may name a server as well, which only proxies are told (RFC 9112 §3.2.2).
  if (request.headers.host === issuer.host && request.url.startsWith("/")) return;
  throw new Fault("malformed", "The request names another server.", { remedy: `Use ${issuer.origin}.` });
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  const headers = { ...SAFE_HEADERS, ...answer.headers };
  if (answer.stream !== undefined) return startStream(reply, answer, headers);
  reply.code(answer.status).headers(headers);
  if (answer.body === undefined) return reply.send();
  if (answer.contentType !== undefined) return reply.type(answer.contentType).send(answer.body);
  return reply.type("application/json; charset=utf-8").send(JSON.stringify(answer.body));
}

function startStream(reply: FastifyReply, answer: Answer, headers: Record<string, string>): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(answer.status, {
    ...headers,
    "content-type": answer.contentType ?? "text/event-stream",
  });
  reply.raw.flushHeaders();
  answer.stream?.({
    write: (text) => writeOrCut(reply, text),
    end: () => void reply.raw.end(),
    onClose: (callback) => void reply.raw.on("close", callback),
  });
  return reply;
}

/** A client that reads nothing must not fill our memory. It may come again and resume. */
function writeOrCut(reply: FastifyReply, text: string): void {
  reply.raw.write(text);
  if (reply.raw.writableLength > MOST_UNREAD_BYTES) reply.raw.destroy();
}

const MOST_UNREAD_BYTES = 1024 * 1024;

function sendFault(reply: FastifyReply, fault: Fault, dialect: "problem" | "oauth"): FastifyReply {
  const oauth = dialect === "oauth";
  const status = oauth ? oauthStatusOf(fault.code) : statusOf(fault.code);
  reply.code(status).headers(SAFE_HEADERS);
  if (status === 401) reply.header("www-authenticate", 'DPoP algs="ES256 EdDSA"');
  if (status === 405) reply.header("allow", String(fault.members.allow ?? ""));
  if (status === 429 || status === 503) reply.header("retry-after", "1");
  const body = JSON.stringify(oauth ? oauthErrorOf(fault) : problemOf(fault));
  return reply.type(oauth ? "application/json" : "application/problem+json").send(body);
}

function missing<D>(request: FastifyRequest, endpoints: readonly Endpoint<D>[]): Fault {
  const path = request.url.split("?")[0] ?? "/";
  const allow = endpoints
    .filter((endpoint) => matches(endpoint.path, path))
    .map((endpoint) => endpoint.method);
  if (allow.length === 0)
    return new Fault("not-found", "Nothing is served at this address.", { remedy: "See /openapi.json." });
  return new Fault("method-not-allowed", `Here goes ${allow.join(" or ")}.`, {
    members: { allow: allow.join(", ") },
  });
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  const open = wanted.at(-1) === "*" && given.length > wanted.length;
  const fits = (part: string, i: number): boolean =>
    part === "*" || (part.startsWith(":") ? given[i] !== "" : part === given[i]);
  return (open || wanted.length === given.length) && wanted.every(fits);
}

function asFault(deps: Deps, error: Error, request: FastifyRequest): Fault {
  if (error instanceof Fault) {
    // A refusal is in the audit log; the operator's log is for what this server failed at.
    const tell = isFailure(error.code) ? deps.log.error : deps.log.debug;
    if (error.cause !== undefined)
      tell.call(
        deps.log,
        { request: request.id, code: error.code, cause: String(error.cause) },
        error.message,
      );
    return error;
  }
  const { statusCode = 500, code = "" } = error as { statusCode?: number; code?: string };
  if (statusCode === 413)
    return new Fault("too-large", `A request may hold ${BODY_LIMIT} bytes.`, { remedy: "Send less." });
  if (statusCode === 415)
    return new Fault("unsupported-media-type", "The content type is not understood.", {});
  if (statusCode < 500) return new Fault("malformed", "The request cannot be read.", { cause: code });
  deps.log.error({ request: request.id, error: error.stack }, "a request failed");
  return new Fault("internal", "This server failed at it; nothing was done that is not in the log.", {
    remedy: `Tell the operator the request id ${request.id}.`,
  });
}
