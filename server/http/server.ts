import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onRequestHookHandler,
} from "fastify";
import { type Caller, type Deps, Fault, isFailure, nobody, seconds } from "../lib/index.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  BODY_LIMIT,
  CONTENT_TYPES,
  checked,
  decodeText,
  parseFormBody,
  parseJsonBody,
  requireContentType,
} from "./parse.ts";
import type { FrontProxy } from "./proxy.ts";
import { RateLimiter, weightOfBody } from "./rate.ts";
import {
  addressOf,
  hasEmptyPart,
  type OurAddress,
  rawRequest,
  requireOurHost,
  singleValued,
} from "./raw-request.ts";
import type { Answer, RawRequest } from "./route.ts";
import { addHeaders, echo, send, sendFault } from "./send.ts";
import { CLIENT_CERTIFICATES, type NO_CERTIFICATE_YET, type TlsIdentity } from "./tls.ts";
import { refuseBytes, refuseRepeatedHeaders, refuseUncommon } from "./unreadable.ts";

/** What app tells http about callers: who they are, what they may ask, and where refusals go. */
export interface Gate<D> {
  /** Waits for nothing where it need not, so that a caller who is known already costs no turn. */
  authenticate(request: RawRequest): Promise<Caller> | Caller;
  /** @throws Fault */
  admit(caller: Caller, endpoint: Endpoint<D>, request: RawRequest): void;
  /** Headers of whatever is answered to this request, refusals included. */
  beside?(endpoint: Endpoint<D>, request: RawRequest): Readonly<Record<string, string>> | undefined;
  refused(caller: Caller, endpoint: Endpoint<D> | undefined, fault: Fault): Promise<void>;
}

export interface ServerOptions {
  /** The public origin; URLs that proofs cover are built from it, never from the Host header. */
  readonly issuer: URL;
  readonly tls?: TlsIdentity | typeof NO_CERTIFICATE_YET | undefined;
  /** One proxy in front says, as the last entry of X-Forwarded-For, where a request comes from. */
  readonly behindProxy?: boolean;
  /** Whose word that is, and whether certificates of its clients are taken from it. Any address, where nothing is said. */
  readonly proxy?: FrontProxy | undefined;
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
  nothingAsked: () => unknown;
}

/** Where a request carries what is known of it. A map beside it would cost more than the rest of the way. */
const SERVED = Symbol("served");
type Marked<D> = FastifyRequest & { [SERVED]: Served<D> | null };

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
    trustProxy: options.behindProxy === true ? nearest(options.proxy) : false,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 300 },
    clientErrorHandler: refuseBytes,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      void sendFault(reply, asFault(deps, error, request), "problem", options.issuer),
    ...(options.tls === undefined
      ? { http: CONNECTIONS }
      : { https: { ...CONNECTIONS, ...CLIENT_CERTIFICATES, ...options.tls } }),
  } as object) as unknown as FastifyInstance;
  refuseUncommon(server.server);
  server.decorateRequest(SERVED, null);
  readBodiesAsText(server);
  const entrance: Entrance<D> = {
    deps,
    endpoints,
    gate,
    ours: addressOf(options.issuer),
    rates: new RateLimiter(),
    proxy: options.proxy,
  };
  for (const endpoint of endpoints) {
    const { bodyLimit } = endpoint.route;
    server.route({
      method: endpoint.method,
      url: endpoint.path,
      ...(bodyLimit === undefined ? {} : { bodyLimit }),
      onRequest: entering(entrance, endpoint),
      handler: (request, reply) => {
        const state = (request as Marked<D>)[SERVED];
        if (state === null) throw new Fault("internal", "The request lost its way.");
        const given = answer(entrance, state, request);
        echo(reply, endpoint.route.echoes, state.raw);
        addHeaders(reply, gate.beside?.(endpoint, state.raw));
        return given instanceof Promise ? given.then((each) => send(reply, each)) : send(reply, given);
      },
    });
  }
  server.setNotFoundHandler((request) => {
    throw missing(request, endpoints);
  });
  server.setErrorHandler(async (error, request, reply) => {
    const state = (request as Marked<D>)[SERVED] ?? undefined;
    const fault = asFault(deps, error as Error, request);
    const caller = state?.caller ?? nobody(request.ip);
    const told = await gate.refused(caller, state?.endpoint, fault).then(
      () => fault,
      (unrecorded: Fault) => unrecorded,
    );
    if (state !== undefined) {
      echo(reply, state.endpoint.route.echoes, state.raw);
      addHeaders(reply, gate.beside?.(state.endpoint, state.raw));
    }
    return sendFault(reply, told, state?.endpoint.route.faults ?? "problem", options.issuer);
  });
  return server;
}

/** Routes here check what they read themselves. What would do it from JSON schemas is not even loaded. */
function noSchemas(): never {
  throw new Error("no route has a JSON schema");
}

/** What every request passes on its way in. */
interface Entrance<D> {
  readonly deps: D;
  readonly endpoints: readonly Endpoint<D>[];
  readonly gate: Gate<D>;
  readonly ours: OurAddress;
  readonly rates: RateLimiter;
  readonly proxy: FrontProxy | undefined;
}

/** One proxy is believed about where a request comes from: the nearest, and only from its own addresses. */
const nearest =
  (proxy: FrontProxy | undefined) =>
  (address: string, hops: number): boolean =>
    hops === 0 && (proxy === undefined || proxy.is(address));

/** Rate, caller, admission: in this order, and without a turn of waiting where nothing is waited for. */
function entering<D extends Deps>(entrance: Entrance<D>, endpoint: Endpoint<D>): onRequestHookHandler {
  const { deps, endpoints, gate, ours, rates, proxy } = entrance;
  const nothingAsked = withoutQuery(endpoint);
  return (request, _reply, done) => {
    const raw = rawRequest(request, ours, proxy);
    const state: Served<D> = { endpoint, caller: nobody(raw.source), raw, nothingAsked };
    (request as Marked<D>)[SERVED] = state;
    if (hasEmptyPart(request.params as object)) throw missing(request, endpoints);
    refuseRepeatedHeaders(request.raw);
    requireOurHost(request, ours);
    rates.take(deps.clock.now(), endpoint.rate, raw.source);
    if (endpoint.mtls === true && raw.peer === undefined) throw needsCertificate();
    const admit = (caller: Caller): void => {
      state.caller = caller;
      gate.admit(caller, endpoint, raw);
    };
    const caller = gate.authenticate(raw);
    if (caller instanceof Promise) return void caller.then(admit).then(() => done(), done);
    admit(caller);
    done();
  };
}

const needsCertificate = (): Fault =>
  new Fault("unauthenticated", "This is served only to clients that present a certificate.", {
    remedy: "Connect with the certificate of the enrolled key.",
  });

function answer<D extends Deps>(
  { deps, rates }: Entrance<D>,
  { endpoint, caller, raw, nothingAsked }: Served<D>,
  request: FastifyRequest,
): Promise<Answer> | Answer {
  const { route } = endpoint;
  const readsItself = route.readBody !== undefined;
  const weigh = (more: number): void => {
    if (more > 0) rates.take(deps.clock.now(), endpoint.rate, raw.source, more);
  };
  weigh(weightOfBody((request.body as string | undefined)?.length ?? 0)); // before it is read
  const input = {
    params: checked("path", route.params, request.params),
    query: request.url.includes("?")
      ? checked("query", route.query, singleValued(request.query))
      : nothingAsked(),
    body: readsItself ? readBody(endpoint, request) : checkedBody(endpoint, request),
    text: readsItself ? (request.body as string | undefined) : undefined,
    request: raw,
  };
  if (route.weight !== undefined) weigh(route.weight(input.body) - 1);
  return route.handleNow?.(deps, caller, input) ?? route.handle(deps, caller, input);
}

/** What a route makes of a query that is not there: found out once. @returns a function that throws Fault `malformed` */
function withoutQuery<D>({ route }: Endpoint<D>): () => unknown {
  let made: { query: unknown } | undefined;
  return () => {
    made ??= { query: Object.freeze(checked("query", route.query, {})) };
    return made.query;
  };
}

/** Bodies reach the handler as text: which parser reads them is the route's to say, not the caller's. */
function readBodiesAsText(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  // `*` would do alone, but what is named is found faster.
  const types = [...Object.values(CONTENT_TYPES), "*"];
  server.addContentTypeParser(types, { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, decodeText(body as Buffer));
    } catch (fault) {
      done(fault as Fault);
    }
  });
}

const checkedBody = <D>(endpoint: Endpoint<D>, request: FastifyRequest): unknown =>
  checked("body", endpoint.route.body, bodyOf(endpoint, request));

function readBody<D>({ route }: Endpoint<D>, request: FastifyRequest): unknown {
  requireContentType(route, request.headers["content-type"]);
  return route.readBody?.((request.body as string | undefined) ?? "");
}

function bodyOf<D>({ route }: Endpoint<D>, request: FastifyRequest): unknown {
  const text = request.body as string | undefined;
  if (route.body === undefined) return isNothing(text) ? undefined : { text };
  requireContentType(route, request.headers["content-type"]);
  if (text === undefined) return undefined;
  if (route.encoding === "form") return parseFormBody(text, route.repeated);
  return route.encoding === "yaml" ? text : parseJsonBody(text);
}

/** Clients that send JSON with every POST say nothing with `{}`. */
const isNothing = (text: string | undefined): boolean =>
  text === undefined || text === "" || text.trim() === "{}";

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
  if (statusCode === 413) {
    const most = (request as Marked<unknown>)[SERVED]?.endpoint.route.bodyLimit ?? BODY_LIMIT;
    return new Fault("too-large", `A request may hold ${most} bytes here.`, { remedy: "Send less." });
  }
  if (statusCode === 415)
    return new Fault("unsupported-media-type", "The content type is not understood.", {});
  if (statusCode < 500) return new Fault("malformed", "The request cannot be read.", { cause: code });
  deps.log.error({ request: request.id, error: error.stack }, "a request failed");
  return new Fault("internal", "This server failed at it; nothing was done that is not in the log.", {
    remedy: `Tell the operator the request id ${request.id}.`,
  });
}
