/**
 * For tests only: an authority that issues by ACME over a real connection, and connects to whoever asks to see the
 * name proven, as RFC 8555 and RFC 8737 have it. What it answers can be bent.
 */
import "reflect-metadata";
import { createHmac, hash, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { type EcJwk, importPublicJwk, parsePublicJwk, thumbprint } from "@countersign/proof/jwk";
import { verifyBytes } from "@countersign/proof/jws";
import * as peculiar from "@peculiar/x509";
import { type Certified, certify, Extension, type Wanted } from "../../proof/svid/test-authority.ts";
import { type Clock, days, hours } from "../lib/index.ts";
import { digestByAlpn, namesIn, textByHttp } from "./test-validation.ts";

const JOSE = "application/jose+json";
const ERROR = "urn:ietf:params:acme:error:";

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How it means no good, or is only slow. */
export interface Bends {
  badNonces?: number;
  /** How often it says `pending` after the name was proven, and `processing` of an order. */
  slow?: number;
  token?: string;
  /** When it wants certificates renewed; nothing where it has no word on that. */
  window?: { readonly start: string; readonly end: string };
  leaf?: (leaf: Wanted) => Wanted;
  /** The authority between its root and the leaf. */
  between?: (between: Wanted) => Wanted;
  chain?: (chain: string[]) => string;
  answer?: (path: string, answer: Answer) => Answer;
}

export interface TestAuthorityOptions {
  readonly clock: Clock;
  /** Where names lead: the ports at which they are looked at. */
  readonly ports: { tls?: number; http?: number };
  readonly eab?: { readonly kid: string; readonly key: KeyObject };
  readonly life?: number;
}

interface Request {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}
interface Head {
  readonly alg: string;
  readonly nonce: string;
  readonly url: string;
  readonly jwk?: EcJwk;
  readonly kid?: string;
}
interface Order {
  status: string;
  readonly name: string;
  readonly token: string;
  authorization: "pending" | "valid" | "invalid";
  error?: unknown;
  slow: number;
  chain?: string;
}

/** By what it says that its issuer's key is known. */
const ISSUER = "ab".repeat(20);

const decode = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());

export class TestAuthority {
  readonly bends: Bends = {};
  /** What was asked, in order: paths with numbers left out. */
  readonly asked: string[] = [];
  /** Serial numbers of what was issued, in hexadecimal. */
  readonly issued: string[] = [];
  readonly ca: string;
  readonly root: Certified;
  readonly #options: TestAuthorityOptions;
  readonly #server: Server;
  readonly #nonces = new Set<string>();
  readonly #accounts: EcJwk[] = [];
  readonly #orders: Order[] = [];

  private constructor(options: TestAuthorityOptions, root: Certified, own: Certified) {
    this.#options = options;
    this.root = root;
    this.ca = root.pem;
    const tls = { cert: own.pem, key: own.key.export({ type: "pkcs8", format: "pem" }) };
    this.#server = createServer(tls, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const path = request.url ?? "";
      this.asked.push(`${request.method} ${path.replace(/\/[0-9]+$/, "")}`);
      const type = request.headers["content-type"];
      const honest = await this.#answer(path, Buffer.concat(chunks).toString(), type);
      const { status, body, text, headers } = this.bends.answer?.(path, honest) ?? honest;
      response.writeHead(status, {
        "content-type": status < 400 ? "application/json" : "application/problem+json",
        "replay-nonce": this.#newNonce(),
        ...headers,
      });
      response.end(text ?? (body === undefined ? "" : JSON.stringify(body)));
    });
  }

  static async open(options: TestAuthorityOptions): Promise<TestAuthority> {
    const long = { notBefore: Date.now() - hours(1), notAfter: Date.now() + days(1_000) };
    const root = await certify(undefined, { authority: true, subject: "CN=test root", ...long });
    const own = await certify(root, { dnsNames: ["localhost"], ...long });
    const authority = new TestAuthority(options, root, own);
    await new Promise<void>((resolve) => authority.#server.listen(0, "127.0.0.1", resolve));
    return authority;
  }

  get origin(): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  get directory(): string {
    return `${this.origin}/directory`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #newNonce(): string {
    const nonce = randomBytes(16).toString("base64url");
    this.#nonces.add(nonce);
    return nonce;
  }

  async #answer(path: string, text: string, type: string | undefined): Promise<Answer> {
    if (path.split("?")[0] === "/directory") return { status: 200, body: this.#directory() };
    if (path.startsWith("/renewal/")) return this.#window(path.slice(9));
    if (path === "/nonce") return { status: 200 };
    if (type !== JOSE) return problem(415, "malformed", "not JOSE");
    try {
      return await this.#signed(path, JSON.parse(text) as Request);
    } catch (error) {
      return problem(400, "malformed", String(error));
    }
  }

  #directory() {
    const { origin } = this;
    return {
      newNonce: `${origin}/nonce`,
      newAccount: `${origin}/accounts`,
      newOrder: `${origin}/orders`,
      revokeCert: `${origin}/revoke`,
      keyChange: `${origin}/key`,
      ...(this.bends.window === undefined ? {} : { renewalInfo: `${origin}/renewal` }),
      meta: {
        termsOfService: "https://example.com/terms",
        ...(this.#options.eab === undefined ? {} : { externalAccountRequired: true }),
      },
    };
  }

  #window(id: string): Answer {
    const [issuer = "", serial = ""] = id
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString("hex"));
    if (issuer !== ISSUER || !this.issued.includes(serial.replace(/^00/, "")))
      return problem(404, "malformed", "whose is that?");
    return { status: 200, body: { suggestedWindow: this.bends.window }, headers: { "retry-after": "21600" } };
  }

  async #signed(path: string, request: Request): Promise<Answer> {
    const head = decode(request.protected) as Head;
    if (!this.#nonces.delete(head.nonce) || (this.bends.badNonces ?? 0) > 0) {
      this.bends.badNonces = (this.bends.badNonces ?? 1) - 1;
      return problem(400, "badNonce", "once more");
    }
    const jwk = head.jwk ?? this.#accounts[Number(head.kid?.split("/").at(-1))];
    if (jwk === undefined) return problem(400, "accountDoesNotExist", "who is this?");
    if ((head.jwk === undefined) === (path === "/accounts")) return problem(400, "malformed", "jwk or kid");
    const signed = Buffer.from(`${request.protected}.${request.payload}`);
    const key = importPublicJwk(parsePublicJwk({ ...jwk }));
    const holds = verifyBytes(signed, Buffer.from(request.signature, "base64url"), key);
    if (head.alg !== "ES256" || !holds || head.url !== `${this.origin}${path}`)
      return problem(401, "unauthorized", "bad signature");
    return this.#verb(path, request.payload === "" ? undefined : decode(request.payload), jwk);
  }

  #verb(path: string, payload: unknown, jwk: EcJwk): Promise<Answer> | Answer {
    const [, what, number = ""] = path.split("/");
    if (what === "accounts") return this.#register(payload as never, jwk);
    if (what === "orders" && number === "") return this.#place(payload as never);
    const order = this.#orders[Number(number)];
    if (order === undefined) return problem(404, "malformed", "nothing here");
    if (what === "orders") return this.#show(order, number);
    if (what === "authorizations") return this.#authorization(order, number);
    if (what === "challenges") return this.#validate(order, jwk);
    if (what === "finalize") return this.#finalize(order, number, (payload as { csr: string }).csr);
    return {
      status: 200,
      text: order.chain ?? "",
      headers: { "content-type": "application/pem-certificate-chain" },
    };
  }

  #register(
    said: { termsOfServiceAgreed?: boolean; contact?: string[]; externalAccountBinding?: Request },
    jwk: EcJwk,
  ): Answer {
    const { eab } = this.#options;
    if (said.termsOfServiceAgreed !== true) return problem(403, "userActionRequired", "agree first");
    if (eab !== undefined && !this.#isBound(said.externalAccountBinding, jwk, eab))
      return problem(403, "externalAccountRequired", "who are you?");
    this.#accounts.push(jwk);
    const headers = { location: `${this.origin}/accounts/${this.#accounts.length - 1}` };
    return { status: 201, body: { status: "valid" }, headers };
  }

  #isBound(binding: Request | undefined, jwk: EcJwk, eab: { kid: string; key: KeyObject }): boolean {
    if (binding === undefined) return false;
    const { alg, kid, url } = decode(binding.protected) as Head;
    const mac = createHmac("sha256", eab.key).update(`${binding.protected}.${binding.payload}`).digest();
    const bound = thumbprint(parsePublicJwk(decode(binding.payload) as never)) === thumbprint(jwk);
    const said = alg === "HS256" && kid === eab.kid && url === `${this.origin}/accounts`;
    return said && bound && timingSafeEqual(mac, Buffer.from(binding.signature, "base64url"));
  }

  #place({ identifiers }: { identifiers: { type: string; value: string }[] }): Answer {
    const token = this.bends.token ?? randomBytes(32).toString("base64url");
    const name = identifiers[0]?.value ?? "";
    this.#orders.push({
      status: "pending",
      name,
      token,
      authorization: "pending",
      slow: this.bends.slow ?? 0,
    });
    const number = String(this.#orders.length - 1);
    const { body } = this.#show(this.#orders.at(-1) as Order, number);
    return { status: 201, body, headers: { location: `${this.origin}/orders/${number}` } };
  }

  #show(order: Order, number: string): Answer {
    if (order.status === "processing" && order.slow-- <= 0) order.status = "valid";
    const { origin } = this;
    const body = {
      status: order.status,
      identifiers: [{ type: "dns", value: order.name }],
      authorizations: [`${origin}/authorizations/${number}`],
      finalize: `${origin}/finalize/${number}`,
      ...(order.status === "valid" ? { certificate: `${origin}/certificates/${number}` } : {}),
    };
    return { status: 200, body, headers: { "retry-after": "2" } };
  }

  #authorization(order: Order, number: string): Answer {
    const proven = order.authorization === "valid" && order.slow-- <= 0;
    if (proven) order.slow = this.bends.slow ?? 0;
    const status = order.authorization === "valid" && !proven ? "pending" : order.authorization;
    const challenge = { url: `${this.origin}/challenges/${number}`, token: order.token, status };
    const body = {
      identifier: { type: "dns", value: order.name },
      status,
      challenges: ["dns-01", "http-01", "tls-alpn-01"].map((type) => ({
        type,
        ...challenge,
        ...(order.error === undefined ? {} : { error: order.error }),
      })),
    };
    if (proven && order.status === "pending") order.status = "ready";
    return { status: 200, body, headers: { "retry-after": "1" } };
  }

  async #validate(order: Order, jwk: EcJwk): Promise<Answer> {
    const { ports } = this.#options;
    const authorization = `${order.token}.${thumbprint(jwk)}`;
    const found =
      ports.http === undefined
        ? await digestByAlpn(ports.tls ?? 0, order.name)
        : await textByHttp(ports.http, order.name, order.token);
    const wanted =
      ports.http === undefined ? hash("sha256", authorization, "buffer").toString("hex") : authorization;
    order.authorization = found === wanted ? "valid" : "invalid";
    if (found !== wanted) order.error = { type: `${ERROR}unauthorized`, detail: `found ${found}` };
    return { status: 200, body: { status: "processing" } };
  }

  async #finalize(order: Order, number: string, csr: string): Promise<Answer> {
    if (order.status !== "ready") return problem(403, "orderNotReady", order.status);
    const request = new peculiar.Pkcs10CertificateRequest(Buffer.from(csr, "base64url"));
    const names = namesIn(request.extensions);
    const asked = names === `dns:${order.name}`;
    if (!(await request.verify()) || !asked) return problem(400, "badCSR", "not as ordered");
    order.chain = await this.#issue(order.name, await request.publicKey.export());
    order.status = "processing";
    return this.#show(order, number);
  }

  async #issue(name: string, publicKey: CryptoKey): Promise<string> {
    const now = this.#options.clock.now();
    const life = this.#options.life ?? days(90);
    const above: Wanted = {
      authority: true,
      subject: "CN=test intermediate",
      notBefore: now - hours(1),
      notAfter: now + days(900),
    };
    const between = await certify(this.root, this.bends.between?.(above) ?? above);
    const leaf: Wanted = {
      subject: "",
      dnsNames: [name],
      purposes: ["1.3.6.1.5.5.7.3.1"],
      notBefore: now - hours(1),
      notAfter: now + life,
      more: [new Extension("2.5.29.35", false, Buffer.from(`30168014${ISSUER}`, "hex"))],
      pair: { publicKey, privateKey: between.pair.privateKey },
    };
    const issued = await certify(between, this.bends.leaf?.(leaf) ?? leaf);
    this.issued.push(
      new peculiar.X509Certificate(Uint8Array.from(issued.der)).serialNumber.replace(/^00/, ""),
    );
    const chain = [issued.pem, between.pem];
    return this.bends.chain?.(chain) ?? chain.join("");
  }
}

const problem = (status: number, type: string, detail: string): Answer => ({
  status,
  body: { type: `${ERROR}${type}`, detail },
});

/** A key as the authority's own office hands it out. */
export const eabKey = (): { text: string; bytes: Buffer } => {
  const bytes = randomBytes(32);
  return { text: bytes.toString("base64url"), bytes };
};
