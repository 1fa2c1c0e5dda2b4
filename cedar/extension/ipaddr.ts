import { extensionError } from "./extension-error.ts";

/** No address is written longer than eight groups of four digits and "/128": hostile lengths are not split. */
const longestText = 43;
const byteForm = /^(?:0|[1-9][0-9]{0,2})$/;
const groupForm = /^[0-9a-fA-F]{1,4}$/;
const prefixForm = /^(?:0|[1-9][0-9]*)$/;

/**
 * Cedar's `ipaddr`: an IPv4 or IPv6 address, or a range of them in CIDR form. Host bits below the prefix
 * are kept and count in `==` (10.0.0.1/24 is not 10.0.0.0/24); they do not count in `isInRange`.
 *
 * @see Cedar language reference, "ipaddr"
 */
export class IpAddr {
  /** The address as 16-bit groups, highest first: two for IPv4, eight for IPv6. */
  readonly groups: readonly number[];
  /** How many leading bits name the range: at most 32 (IPv4) or 128 (IPv6). */
  readonly prefix: number;

  constructor(groups: readonly number[], prefix: number) {
    this.groups = groups;
    this.prefix = prefix;
  }

  get typeName(): "ipaddr" {
    return "ipaddr";
  }

  equals(other: unknown): boolean {
    return other instanceof IpAddr && this.prefix === other.prefix && sameBits(this, other, 128);
  }

  isIpv4(): boolean {
    return this.groups.length === 2;
  }

  isIpv6(): boolean {
    return this.groups.length === 8;
  }

  /** Whether every address meant is a loopback address: 127.0.0.0/8 or ::1. */
  isLoopback(): boolean {
    return this.isInRange(this.isIpv4() ? loopback4 : loopback6);
  }

  /** Whether every address meant is a multicast address: 224.0.0.0/4 or ff00::/8. */
  isMulticast(): boolean {
    return this.isInRange(this.isIpv4() ? multicast4 : multicast6);
  }

  /** Whether every address meant by this one is meant by the other. IPv4 and IPv6 never meet. */
  isInRange(other: IpAddr): boolean {
    return this.prefix >= other.prefix && sameBits(this, other, other.prefix);
  }

  /** A stable text that `parseIpAddr` reads as an equal value. */
  toString(): string {
    const address = this.isIpv4()
      ? this.groups.map((group) => `${group >> 8}.${group & 0xff}`).join(".")
      : this.groups.map((group) => group.toString(16)).join(":");
    return `${address}/${this.prefix}`;
  }
}

/** Whether two addresses of one family agree in their leading bits. */
function sameBits(one: IpAddr, other: IpAddr, bits: number): boolean {
  if (one.groups.length !== other.groups.length) return false;
  return one.groups.every((group, index) => {
    const compared = Math.min(16, Math.max(0, bits - 16 * index));
    return (group ^ (other.groups[index] ?? 0)) >> (16 - compared) === 0;
  });
}

const loopback4 = new IpAddr([0x7f00, 0], 8);
const loopback6 = new IpAddr([0, 0, 0, 0, 0, 0, 0, 1], 128);
const multicast4 = new IpAddr([0xe000, 0], 4);
const multicast6 = new IpAddr([0xff00, 0, 0, 0, 0, 0, 0, 0], 8);

/**
 * Reads what stands between the quotes of `ip("…")`.
 *
 * @param text an IPv4 address without leading zeros, or an IPv6 address in hexadecimal (no zone, no IPv4
 *   tail), perhaps followed by "/" and the length of the prefix
 * @throws EvaluationError when the text has another form
 */
export function parseIpAddr(text: string): IpAddr {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const groups = text.length > longestText ? undefined : (readIpv4(address) ?? readIpv6(address));
  if (groups === undefined) throw extensionError("ipaddr", "This is no IPv4 or IPv6 address or CIDR range.");
  const bits = groups.length * 16;
  return new IpAddr(groups, slash < 0 ? bits : readPrefix(text.slice(slash + 1), bits));
}

function readPrefix(text: string, bits: number): number {
  if (!prefixForm.test(text) || Number(text) > bits) {
    throw extensionError(
      "ipaddr",
      `The length of the prefix is a number from 0 to ${bits} without leading zeros.`,
    );
  }
  return Number(text);
}

function readIpv4(text: string): number[] | undefined {
  const bytes = text.split(".");
  if (bytes.length !== 4 || !bytes.every((byte) => byteForm.test(byte) && Number(byte) < 256))
    return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
  return [a * 256 + b, c * 256 + d];
}

/** "::" stands for at least one group of zeros and may occur once. */
function readIpv6(text: string): number[] | undefined {
  const [head, tail, more] = text.split("::");
  if (head === undefined || more !== undefined) return undefined;
  const first = readGroups(head);
  const last = tail === undefined ? [] : readGroups(tail);
  if (first === undefined || last === undefined) return undefined;
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...first, ...new Array<number>(missing).fill(0), ...last];
}

function readGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => groupForm.test(group))
    ? groups.map((group) => parseInt(group, 16))
    : undefined;
}
