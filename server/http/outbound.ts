import { lookup } from "node:dns/promises";
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { type Json, parseStrict } from "@countersign/proof/jcs";
import { Fault } from "../lib/index.ts";
import { chainFrom } from "./peer-key.ts";
import { isLoopbackName, isReachable } from "./reachable.ts";

/** An address that a name stands for. */
export interface Resolved {
  readonly address: string;
  readonly family: number;
}

export interface OutboundOptions {
  /** The server itself runs on localhost: then plain http to this machine is fine, too. */
  readonly local: boolean;
  /** Certificates trusted in place of those that Node brings, in PEM. */
  readonly ca?: string;
  /** Ends what is being asked, where whoever asks stops before. */
  readonly stopping?: AbortSignal;
  /** The system's resolver, where nothing is said. */
  readonly resolve?: (host: string) => Promise<readonly Resolved[]>;
}

export interface OutboundRequest {
  readonly url: string;
  /** Sent as JSON with POST; nothing is sent, and GET is what is asked, where there is none. */
  readonly body?: Json;
  /** How it is asked where nothing is sent; GET where nothing is said. */
  readonly method?: "GET" | "HEAD";
  /** Certificates trusted for this one request, in place of the usual ones; PEM. */
  readonly ca?: string;
  /** Never a secret that the one who is asked may not know. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether an administrator has registered this host: it may stand in a private network. */
  readonly registered?: boolean;
  /** For everything together, the resolving of the name included; 2 s where nothing is said. */
  readonly timeoutMs?: number;
  /** The most that is read of an answer; 64 KiB where nothing is said. */
  readonly mostBytes?: number;
  /**
   * Judges whoever answers by the certificates that it shows (DER, its own first), in place of the authorities of
   * the Web and of its name. Nothing is sent before. Over https only. @throws where it is somebody else
   */
  readonly judgePeer?: (attackerChain: readonly Uint8Array[]) => void;
}

const TIMEOUT_MS = 2_000;
const MOST_BYTES = 65_536;
const MOST_HEADER_BYTES = 8_192;

/**
 * Asks for JSON outside. Every request that leaves this server goes through here: over https (plain http to
 * this machine only, while the server itself runs on it), to no private, link-local or metadata address
 * that nobody registered, at the very address that was looked at, without following redirects, bounded in
 * time and size.
 * @returns what a 200, or the 201 to what was posted, held, read strictly (I-JSON)
 * @throws Fault `unavailable` for everything else; the cause is for the operator's log
 */
export const fetchJson = async (options: OutboundOptions, asked: OutboundRequest): Promise<Json> =>
  (await fetchFreshJson(options, asked)).json;

/** What was answered, and for how long its sender says that it holds. */
export interface FreshJson {
  readonly json: Json;
  /** Milliseconds; 0 where it must not be kept, nothing where it does not say. @see RFC 9111 §5.2 */
  readonly maxAgeMs: number | undefined;
}

/** As `fetchJson`, for what is asked again and again. */
export const fetchFreshJson = (options: OutboundOptions, asked: OutboundRequest): Promise<FreshJson> =>
  ask(options, asked, (answer) => readJson(answer, asked));

/** What was answered, as it came. */
export interface OutsideAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/**
 * Asks as `fetchJson` does, and takes any answer: for a protocol whose status and headers say something.
 * @throws Fault `unavailable` where there is none, or one that is too long or too late
 */
export const askOutside = (options: OutboundOptions, asked: OutboundRequest): Promise<OutsideAnswer> =>
  ask(options, asked, async (answer) => ({
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: await readAtMost(answer, asked),
  }));

type Reader<T> = (answer: IncomingMessage) => Promise<T>;

async function ask<T>(options: OutboundOptions, asked: OutboundRequest, read: Reader<T>): Promise<T> {
  const patience = AbortSignal.timeout(asked.timeoutMs ?? TIMEOUT_MS);
  const signal = options.stopping === undefined ? patience : AbortSignal.any([patience, options.stopping]);
  try {
    const url = requireSafeUrl(options, asked);
    const addresses = await untilAborted(signal, addressesOf(options, asked, url));
    return await untilAborted(signal, answerOf(options, asked, { url, addresses, signal, read }));
  } catch (cause) {
    throw new Fault("unavailable", "Something that this needs outside did not answer as it should.", {
      remedy: "Try again; if it stays so, the operator's log says what was asked.",
      cause,
    });
  }
}

function requireSafeUrl({ local }: OutboundOptions, { url: text, judgePeer }: OutboundRequest): URL {
  const url = new URL(text);
  const plain = url.protocol === "http:" && local && isLoopbackName(url.hostname);
  if (url.protocol !== "https:" && !plain) throw new Error(`${url.origin} is not asked over https`);
  if (url.username !== "" || url.password !== "") throw new Error("a URL with a password is not asked");
  if (judgePeer !== undefined && plain) throw new Error("whoever answers over http proves nothing");
  return url;
}

/** All addresses of the host, once; where only one of them is out of bounds, somebody plays with the name. */
async function addressesOf(
  { local, resolve = systemResolver }: OutboundOptions,
  { registered = false }: OutboundRequest,
  { hostname }: URL,
): Promise<readonly Resolved[]> {
  const addresses = await resolve(hostname.replace(/^\[(.*)\]$/, "$1"));
  const beyond = addresses.find(({ address }) => !isReachable(hostname, address, { local, registered }));
  if (beyond !== undefined) throw new Error(`${hostname} is ${beyond.address}, which is out of bounds`);
  if (addresses.length === 0) throw new Error(`${hostname} has no address`);
  return addresses;
}

const systemResolver = (host: string): Promise<readonly Resolved[]> => lookup(host, { all: true });

interface Sending<T> {
  readonly read: Reader<T>;
  readonly url: URL;
  readonly addresses: readonly Resolved[];
  readonly signal: AbortSignal;
}

function answerOf<T>(
  options: OutboundOptions,
  { headers = {}, body, method = "GET", ca = options.ca, judgePeer }: OutboundRequest,
  { url, addresses, signal, read }: Sending<T>,
): Promise<T> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      // A connection of its own: none that was opened to another address for the same name.
      ...(judgePeer === undefined
        ? { agent: false }
        : { createConnection: judged(judgePeer, addresses, signal) }),
      method: sent === undefined ? method : "POST",
      headers: {
        accept: "application/json",
        ...(sent === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
        "accept-encoding": "identity",
        ...(sent === undefined ? {} : { "content-length": Buffer.byteLength(sent) }),
      },
      lookup: pinnedTo(addresses),
      maxHeaderSize: MOST_HEADER_BYTES,
      signal,
      ...(ca === undefined ? {} : { ca }),
    });
    request.on("error", reject);
    request.on("socket", (socket) => socket.once("connect", () => requirePinned(request, socket, addresses)));
    request.on("response", (answer) => {
      read(answer)
        .then(resolve, reject)
        .finally(() => request.destroy());
    });
    request.end(sent);
  });
}

/** Whoever connects is told where to; that it went there is looked at. */
function requirePinned(request: ClientRequest, socket: Socket, addresses: readonly Resolved[]): void {
  const beyond = strayed(socket, addresses);
  if (beyond !== undefined) request.destroy(beyond);
}

function strayed({ remoteAddress = "" }: Socket, addresses: readonly Resolved[]): Error | undefined {
  if (addresses.some(({ address }) => address === remoteAddress)) return undefined;
  return new Error(`the connection went to ${remoteAddress}`);
}

/**
 * Opens a connection that is handed over only once whoever is at its other end has been judged. Until then the
 * request knows nothing of it, so it ends by itself when the time is over.
 */
const judged =
  (
    judgePeer: NonNullable<OutboundRequest["judgePeer"]>,
    addresses: readonly Resolved[],
    signal: AbortSignal,
  ) =>
  (options: object, handOver: (error: Error | null, socket: Duplex) => void): undefined => {
    const socket = connectTls({
      ...options,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    const giveUp = () => socket.destroy();
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("close", () => signal.removeEventListener("abort", giveUp));
    socket.once("error", (error) => handOver(error, socket));
    socket.once("secureConnect", () => {
      try {
        const beyond = strayed(socket, addresses);
        if (beyond !== undefined) throw beyond;
        const certificate = socket.getPeerX509Certificate();
        judgePeer(certificate === undefined ? [] : chainFrom(certificate));
        handOver(null, socket);
      } catch (error) {
        socket.destroy();
        handOver(error as Error, socket);
      }
    });
  };

/** Answers every question for an address with those that were looked at. */
const pinnedTo =
  (addresses: readonly Resolved[]): LookupFunction =>
  (_host, { all }, callback) => {
    const [first] = addresses;
    if (all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? "", first?.family);
  };

async function readJson(answer: IncomingMessage, asked: OutboundRequest): Promise<FreshJson> {
  const answered = answer.statusCode === 200 || (asked.body !== undefined && answer.statusCode === 201);
  if (!answered) throw new Error(`the answer was ${answer.statusCode}`);
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = answer.headers;
  if (!/^application\/([a-z0-9.+-]+\+)?json *(;|$)/i.test(type)) throw new Error("the answer is not JSON");
  if (encoding !== "identity") throw new Error("the answer is compressed");
  return { json: parseStrict(await readAtMost(answer, asked)), maxAgeMs: maxAgeOf(answer) };
}

function maxAgeOf({ headers: { "cache-control": control = "" } }: IncomingMessage): number | undefined {
  if (/\b(no-store|no-cache|private)\b/i.test(control)) return 0;
  const seconds = /\bmax-age *= *"?([0-9]{1,9})\b/i.exec(control)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

async function readAtMost(
  answer: IncomingMessage,
  { mostBytes = MOST_BYTES }: OutboundRequest,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new Error(`the answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Whatever comes first. A resolver cannot be stopped, but need not be waited for. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error("it took too long"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
