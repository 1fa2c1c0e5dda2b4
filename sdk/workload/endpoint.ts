import { isIP } from "node:net";
import { CountersignError } from "../errors.ts";

/** The environment variable that names the Workload API's socket. */
export const ENDPOINT_VARIABLE = "SPIFFE_ENDPOINT_SOCKET";
/** Where a host of ours serves it unless somebody says otherwise. */
const USUAL = "unix:///run/countersign/workload.sock";

/**
 * Where the Workload API is, as gRPC takes it.
 * @param socket `unix:///path` or `tcp://IP:port`; without it what the environment says, or our usual place
 * @throws CountersignError when it is anything else
 * @see SPIFFE Workload Endpoint §4
 */
export function endpointAddress(socket = process.env[ENDPOINT_VARIABLE] ?? USUAL): string {
  const path = /^unix:\/\/(\/[^?#]+)$/.exec(socket)?.[1] ?? /^unix:(\/(?!\/)[^?#]*)$/.exec(socket)?.[1];
  if (path !== undefined) return `unix:${path}`;
  const [, address = "", port = ""] = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[0-9.]+):(\d{1,5})$/.exec(socket) ?? [];
  const inRange = Number(port) > 0 && Number(port) < 65_536;
  if (isIP(address.replace(/^\[|\]$/g, "")) !== 0 && inRange) return `${address}:${port}`;
  throw new CountersignError(
    `${ENDPOINT_VARIABLE} names a socket as unix:///absolute/path or tcp://IP:port; this is neither: ${socket}`,
  );
}
