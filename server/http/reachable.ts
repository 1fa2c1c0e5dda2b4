import { BlockList, isIP } from "node:net";

/** What a request that leaves this server may reach. */
export interface Reach {
  /** The server itself runs on this machine only, for somebody who tries it out. */
  readonly local: boolean;
  /** An administrator has put this host into the catalog, so it may stand in a private network. */
  readonly registered: boolean;
}

const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a host names this machine itself; any other name never leads to it. */
export const isLoopbackName = (host: string): boolean => LOOPBACK_NAMES.has(host);

/** @see IANA IPv4 and IPv6 Special-Purpose Address Registries */
const PRIVATE = rangesOf(["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"], ["fc00::/7"]);
const LOOPBACK = rangesOf(["127.0.0.0/8"], ["::1/128"]);

/** Where clouds answer any process with its machine's credentials; some lie in ranges that are otherwise fine. */
const METADATA = rangesOf(
  ["169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"],
  ["fe80::/10", "fd00:ec2::/32", "fd20:ce::/32"],
);

/** Nothing that serves anybody, or another way of writing an address that has its own rule. */
const NOWHERE = rangesOf(
  [
    "0.0.0.0/8",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
  ],
  ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
);
const GLOBAL_IPV6 = rangesOf([], ["2000::/3"]);

/**
 * Whether a request to a host may go to this address, which the host's name was resolved to.
 * @param host as a URL writes it
 */
export function isReachable(host: string, attackerAddress: string, { local, registered }: Reach): boolean {
  const family = isIP(attackerAddress);
  if (family === 0 || attackerAddress.includes("%")) return false;
  const within = (ranges: Ranges): boolean =>
    family === 4 ? ranges.ipv4.check(attackerAddress) : ranges.ipv6.check(attackerAddress, "ipv6");
  if (within(METADATA) || within(NOWHERE)) return false;
  if (within(LOOPBACK)) return isLoopbackName(host) && (local || registered);
  if (within(PRIVATE)) return registered;
  return family === 4 || within(GLOBAL_IPV6);
}

/** Apart, because an IPv6 address that embeds one of IPv4 would otherwise be judged by the other's rules. */
interface Ranges {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

function rangesOf(ipv4: readonly string[], ipv6: readonly string[]): Ranges {
  return { ipv4: listOf(ipv4, "ipv4"), ipv6: listOf(ipv6, "ipv6") };
}

function listOf(ranges: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = "", prefix] = range.split("/");
    list.addSubnet(net, Number(prefix), family);
  }
  return list;
}
