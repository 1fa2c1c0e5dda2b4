import type { Server as TlsServer } from "node:tls";
import { serveWith, type TlsFiles, type TlsIdentity, TlsReload } from "../http/index.ts";
import { type Deps, seconds } from "../lib/index.ts";
import { type ServerSvid, SvidRenewal } from "../spiffe/index.ts";
import type { ServerDeps } from "./server-deps.ts";

/** Looks at the certificate's files every few seconds, so that a renewed one is served without a restart. */
export function followTls(
  files: TlsFiles,
  served: TlsIdentity,
  { log }: Deps,
  server: TlsServer,
): () => void {
  const reload = new TlsReload(files, served, log);
  const timer = setInterval(() => reload.look(server), seconds(5)).unref();
  return () => clearInterval(timer);
}

/** Serves with another SVID when half of the life of the one before is over. */
export function followSvid(served: ServerSvid, deps: ServerDeps, server: TlsServer): () => void {
  const renewal = new SvidRenewal(deps, served, (svid) => serveWith(server, svid));
  const timer = setInterval(() => void renewal.look(), seconds(10)).unref();
  return () => clearInterval(timer);
}
