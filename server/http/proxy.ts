import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP, type Socket } from "node:net";
import { Fault } from "../lib/index.ts";
import { type PeerKey, peerKeyIn } from "./peer-key.ts";

/** What the operator declares about the proxy in front. */
export interface ProxySaid {
  /** Addresses or networks (`10.0.0.0/24`) from which the proxy's requests come. */
  readonly addresses: readonly string[];
  /** It passes on the certificate by which a client proved itself, and overwrites what clients send (RFC 9440). */
  readonly clientCertificates: boolean;
}

/** Peers remembered between requests: as many clients as a proxy has at once. */
const MOST_PEERS = 1_000;
const LONGEST_HEADER = 32_768;

/** The proxy in front: whose word about clients is taken, and for what. */
export class FrontProxy {
  readonly #addresses: BlockList;
  readonly #clientCertificates: boolean;
  readonly #peers = new Map<string, PeerKey | "none">();

  /** @throws Fault `invalid` for what is no address, and for certificates from a proxy of any address */
  constructor({ addresses, clientCertificates }: ProxySaid) {
    this.#addresses = listOf(addresses);
    this.#clientCertificates = clientCertificates;
    if (clientCertificates && addresses.length === 0) {
      throw new Fault("invalid", "Forwarded client certificates are taken from a known proxy only.", {
        remedy: "Say where its requests come from, with --proxy-address.",
      });
    }
  }

  /** Whether a connection comes from the proxy. */
  is(address: string | undefined): boolean {
    if (address === undefined) return false;
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    return isIP(plain) !== 0 && this.#addresses.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
  }

  /**
   * The key by which the proxy says that its client proved itself; the same object for the same certificates.
   * Nothing from anybody but the proxy, and nothing unless the operator says that it tells the truth.
   * @throws Fault `malformed` when the proxy says something that is no certificate
   * @see RFC 9440 §2
   */
  peerKeyOf(
    socket: Socket,
    { "client-cert": own, "client-cert-chain": others }: IncomingHttpHeaders,
  ): PeerKey | undefined {
    if (!this.#clientCertificates || own === undefined || !this.is(socket.remoteAddress)) return undefined;
    const text = `${String(own)} ${String(others ?? "")}`;
    if (text.length > LONGEST_HEADER) throw unreadable();
    let peer = this.#peers.get(text);
    if (peer === undefined) {
      peer = peerKeyIn([...certificatesIn(own, 1), ...certificatesIn(others, 10)]) ?? "none";
      this.#remember(text, peer);
    }
    return peer === "none" ? undefined : peer;
  }

  #remember(text: string, peer: PeerKey | "none"): void {
    this.#peers.set(text, peer);
    const oldest = this.#peers.size > MOST_PEERS ? this.#peers.keys().next().value : undefined;
    if (oldest !== undefined) this.#peers.delete(oldest);
  }
}

/** Headers that only a proxy may say. From anybody else they are as if they were not there. */
export function stripForwarded(headers: IncomingHttpHeaders): void {
  delete headers["client-cert"];
  delete headers["client-cert-chain"];
}

/** A list of byte sequences. @see RFC 8941 §3.1, §3.3.5 */
function certificatesIn(header: string | string[] | undefined, most: number): Buffer[] {
  if (header === undefined) return [];
  const items = String(header).split(/[ \t]*,[ \t]*/);
  if (items.length > most) throw unreadable();
  return items.map((item) => {
    const [, encoded] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(item) ?? [];
    const bytes = Buffer.from(encoded ?? "", "base64");
    if (encoded === undefined || bytes.toString("base64") !== encoded) throw unreadable();
    return bytes;
  });
}

function listOf(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const said of addresses) {
    const [address = "", prefix, ...more] = said.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const bits = prefix === undefined ? undefined : Number(prefix);
    const fits =
      bits === undefined || (/^\d{1,3}$/.test(prefix ?? "") && bits <= (family === "ipv6" ? 128 : 32));
    if (isIP(address) === 0 || more.length > 0 || !fits) throw noAddress(said);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, bits, family);
  }
  return list;
}

const noAddress = (said: string): Fault =>
  new Fault("invalid", `${said} is neither an address nor a network.`, {
    remedy: "Give addresses such as 10.0.0.7 or networks such as 10.0.0.0/24 with --proxy-address.",
  });

const unreadable = (): Fault =>
  new Fault("malformed", "The forwarded client certificate cannot be read.", {
    remedy: "The proxy must send Client-Cert as RFC 9440 has it.",
  });
