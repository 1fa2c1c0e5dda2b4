import { malformed, type NarrowingOperator, parseText } from "./operator.ts";

/** An IP address in this network, or a network within it. IPv4 and IPv6 never mix. */
export type Cidr = { op: "cidr"; block: string };

/** `bits` is 32 or 128; an address is a network of all its bits. */
type Network = { bits: 32 | 128; address: bigint; prefix: number };

export const cidr: NarrowingOperator<Cidr> = {
  members: ["block"],
  parse: (members) => {
    const block = parseText(members.block);
    if (!block.includes("/") || networkOf(block) === undefined) throw malformed("a block is no network");
    return { op: "cidr", block };
  },
  permits: ({ block }, value) => typeof value === "string" && isWithin(value, block),
  covers: (parent, child) => isWithin(child.block, parent.block),
  meet: (a, b) => {
    if (isWithin(b.block, a.block)) return b;
    return isWithin(a.block, b.block) ? a : undefined;
  },
  describe: ({ block }, show) => `in network ${show(block)}`,
};

function isWithin(attackerNetwork: string, parentNetwork: string): boolean {
  const [network, parent] = [networkOf(attackerNetwork), networkOf(parentNetwork)];
  if (network === undefined || parent === undefined || network.bits !== parent.bits) return false;
  const host = BigInt(parent.bits - parent.prefix);
  return network.prefix >= parent.prefix && network.address >> host === parent.address >> host;
}

/** A network or address in its strict text; undefined when bits are set beyond the prefix. */
function networkOf(attackerText: string): Network | undefined {
  const [text = "", prefixText, ...more] = attackerText.split("/");
  const found = addressV4(text) ?? addressV6(text);
  if (found === undefined || more.length > 0) return undefined;
  if (prefixText === undefined) return { ...found, prefix: found.bits };
  const prefix = decimal(prefixText, found.bits);
  if (prefix === undefined) return undefined;
  const host = BigInt(found.bits - prefix);
  return (found.address >> host) << host === found.address ? { ...found, prefix } : undefined;
}

/** Four decimal numbers; no leading zeros, which some readers take for octal. */
function addressV4(text: string): Omit<Network, "prefix"> | undefined {
  const parts = text.split(".").map((part) => decimal(part, 255));
  if (parts.length !== 4) return undefined;
  let address = 0n;
  for (const part of parts) {
    if (part === undefined) return undefined;
    address = (address << 8n) | BigInt(part);
  }
  return { bits: 32, address };
}

/** Groups in hexadecimal. IPv4 in IPv6 clothes is refused: it would reach a network of the other kind. */
function addressV6(text: string): Omit<Network, "prefix"> | undefined {
  const groups = groupsOf(text);
  if (groups?.length !== 8 || !groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const address = groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  const isMappedV4 = address >> 32n === 0xffffn;
  return isMappedV4 ? undefined : { bits: 128, address };
}

/** The groups of an IPv6 address, with the zeros that `::` stands for. */
function groupsOf(text: string): string[] | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const before = head === "" ? [] : head.split(":");
  if (tail === undefined) return before;
  const after = tail === "" ? [] : tail.split(":");
  const zeros = 8 - before.length - after.length;
  return zeros < 1 ? undefined : [...before, ...Array<string>(zeros).fill("0"), ...after];
}

function decimal(text: string, highest: number): number | undefined {
  const number = /^(0|[1-9][0-9]{0,2})$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number <= highest ? number : undefined;
}
