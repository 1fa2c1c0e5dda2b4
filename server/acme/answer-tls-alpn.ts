import { generateKeyPairSync, hash } from "node:crypto";
import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, type Server, TLSSocket } from "node:tls";
import { signBytes } from "@countersign/proof/jws";
import { certificateOf, challengeToSign, ecdsaSignature } from "@countersign/proof/x509";
import { hours, seconds } from "../lib/index.ts";
import { type ClientHello, FirstBytes } from "./client-hello.ts";
import type { PendingChallenge } from "./state-folder.ts";

const PROTOCOL = "acme-tls/1";
/** How long somebody who has connected may say nothing. */
const PATIENCE = seconds(10);
/** Whoever else comes takes the place of the one who has waited longest, so that strangers cannot keep all places. */
const MOST_HELD = 100;

type Listener = (socket: Socket) => void;

/**
 * Answers TLS-ALPN-01 where everything is served. While a challenge is open, the first bytes of each connection are
 * looked at: whoever asks for our name and for `acme-tls/1` alone gets the challenge's certificate from a socket that
 * speaks nothing else and ends; everybody else goes on to the server as ever. While none is open nothing is looked at.
 * @see RFC 8737 §3
 */
export class TlsAlpnAnswer {
  readonly #server: Server;
  readonly #name: string;
  readonly #usual: Listener[];
  /** Those that the server does not know of, being looked at or shown the challenge; and how each makes place. */
  readonly #held = new Map<Socket, () => void>();
  #context: SecureContext | undefined;

  constructor(server: Server, name: string) {
    this.#server = server;
    this.#name = name;
    this.#usual = server.listeners("connection") as Listener[];
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => this.#connected(socket));
  }

  /** How many the server does not know of. */
  get held(): number {
    return this.#held.size;
  }

  /** @param challenge nothing while none is open */
  answer(challenge: PendingChallenge | undefined): void {
    this.#context = challenge === undefined ? undefined : challengeContext(this.#name, challenge);
  }

  close(): void {
    this.#context = undefined;
    for (const socket of this.#held.keys()) socket.destroy();
  }

  #connected(socket: Socket): void {
    if (this.#context === undefined) this.#serve(socket);
    else this.#lookAt(socket);
  }

  #serve(socket: Socket): void {
    for (const listener of this.#usual) listener.call(this.#server, socket);
  }

  #hold(socket: Socket, makePlace: () => void): void {
    if (this.#held.size >= MOST_HELD) this.#held.values().next().value?.();
    this.#held.set(socket, makePlace);
  }

  /** Until it is known whether somebody asks for the challenge; where nobody can wait for it, served as ever. */
  #lookAt(socket: Socket): void {
    const first = new FirstBytes();
    const giveUp = () => socket.destroy();
    const timer = setTimeout(giveUp, PATIENCE).unref();
    const letGo = () => {
      clearTimeout(timer);
      this.#held.delete(socket);
      socket.off("readable", read).off("end", giveUp).off("error", giveUp).off("close", letGo);
    };
    const goOn = (hello?: ClientHello) => {
      letGo();
      if (first.bytes.length > 0) socket.unshift(first.bytes);
      const ours = hello?.serverName === this.#name && isValidation(hello.protocols);
      if (ours && this.#context !== undefined) this.#show(socket, this.#context);
      else this.#serve(socket);
    };
    const read = () => {
      const attackerBytes = socket.read() as Buffer | null;
      const hello = attackerBytes === null ? "more" : first.add(attackerBytes);
      if (hello !== "more") goOn(hello);
    };
    this.#hold(socket, goOn);
    socket.on("readable", read).on("end", giveUp).on("error", giveUp).on("close", letGo);
  }

  /** Shows the certificate to whoever asked for it, and ends. */
  #show(socket: Socket, secureContext: SecureContext): void {
    const shown = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [PROTOCOL] });
    const giveUp = () => {
      this.#held.delete(socket);
      shown.destroy();
    };
    const timer = setTimeout(giveUp, PATIENCE).unref();
    this.#hold(socket, giveUp);
    shown.once("secure", () => shown.end());
    shown.on("error", giveUp).once("close", () => {
      clearTimeout(timer);
      this.#held.delete(socket);
    });
    shown.resume();
  }
}

const isValidation = (protocols: readonly string[]): boolean =>
  protocols.length === 1 && protocols[0] === PROTOCOL;

/** For a key that is made for this and forgotten with it. */
function challengeContext(name: string, { keyAuthorization, expires }: PendingChallenge): SecureContext {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const digest = hash("sha256", keyAuthorization, "buffer");
  const toSign = challengeToSign({
    dnsName: name,
    spki: publicKey.export({ type: "spki", format: "der" }),
    digest,
    serial: Uint8Array.of(0x40, ...digest.subarray(0, 15)),
    notBefore: expires - hours(2),
    notAfter: expires + hours(2),
  });
  const der = certificateOf(toSign, ecdsaSignature(signBytes(toSign, privateKey)));
  const cert = `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  return createSecureContext({ cert, key, minVersion: "TLSv1.2" });
}
