import { once } from "node:events";
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";

/** Where the Workload API is served unless somebody says otherwise. */
export const DEFAULT_SOCKET = "/run/countersign/workload.sock";

/** The longest path that a socket can have on Linux: with a zero behind it. */
const LONGEST = 107;

/** A path that cannot be served on, and what to do. */
export class SocketTaken extends Error {
  override readonly name = "SocketTaken";
}

/**
 * Listens on a path that everybody may connect to: who somebody is decides what he gets, not whether he reached
 * it. A socket that nobody serves any more is replaced; one that somebody serves, or anything else, is left alone.
 * @throws SocketTaken
 * @see SPIFFE Workload Endpoint §3
 */
export async function listenAt(server: Server, path: string): Promise<void> {
  if (!path.startsWith("/") || Buffer.byteLength(path) > LONGEST)
    throw new SocketTaken(`A socket's path is absolute and has at most ${LONGEST} bytes: ${path}`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await removeDead(path);
  server.listen(path);
  await once(server, "listening");
  chmodSync(path, 0o666);
}

async function removeDead(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new SocketTaken(`${path} is no socket; name another path.`);
  if (await isServed(path))
    throw new SocketTaken(`${path} is served already; stop that host, or name another path.`);
  unlinkSync(path);
}

function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  return new Promise((answer) => {
    socket
      .once("connect", () => answer(true))
      .once("error", (error: NodeJS.ErrnoException) => {
        // Whatever is not plainly dead is somebody's.
        answer(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
      });
  }).then((served) => {
    socket.destroy();
    return served === true;
  });
}
