/** Who is at the other end of a Unix socket, for as long as it stays that. Loads the kernel's door. */
export type { Peer } from "./peer.ts";
export { type ProcessPeer, peerOf, processWith } from "./peer-of.ts";
export { HostRefusal, type RefusalCode } from "./refusal.ts";
