import { deadKeyOfEntry } from "../entries/entry.ts";
import { deadKeyOfHost } from "../hosts/host.ts";

/** The process behind a running copy that a host attests. */
export interface AttestedProcess {
  /** SPIFFE ID of the copy. */
  readonly instance: string;
  /** What the machine is this time: `host_…`. */
  readonly host: string;
  readonly entry: string;
  readonly pid: number;
  /** Which life of that pid: boot id and start. */
  readonly started: string;
  /** RFC 7638 thumbprint of the key that its SVID is for. */
  readonly thumbprint: string;
  /** Of the key before, whose SVID may live yet. */
  readonly earlier?: string;
  /** Evidence of its latest attestation. */
  readonly evidence: string;
  /** When its latest SVID expires, milliseconds since the epoch. */
  readonly expires: number;
}

/** Whether both are the same life of the same process, on the same machine since that joined. */
export const isSameProcess = (
  one: Pick<AttestedProcess, "host" | "pid" | "started">,
  other: Pick<AttestedProcess, "host" | "pid" | "started">,
): boolean => one.host === other.host && one.pid === other.pid && one.started === other.started;

/** What the identity of a copy within a process rests on: that process, and the entry that lets it vouch. */
export const groundOfVouched = (copy: {
  readonly voucher: string;
  readonly entry: string | null;
}): string[] => [`instance:${copy.voucher}`, ...(copy.entry === null ? [] : [deadKeyOfEntry(copy.entry)])];

/** What the copy's identity rests on besides itself: the machine's word, and the entry that it was attested by. */
export const groundOf = ({ host, entry }: Pick<AttestedProcess, "host" | "entry">): string[] => [
  deadKeyOfHost(host),
  deadKeyOfEntry(entry),
];
