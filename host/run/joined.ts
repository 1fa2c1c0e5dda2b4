import {
  type Credential,
  forgetCredential,
  HttpUpstream,
  join,
  keepCredential,
  knows,
  openTransport,
  recallCredential,
  type Transport,
  UpstreamRefused,
} from "../upstream/index.ts";

import type { HostOptions } from "./run-host.ts";

/**
 * A machine that has joined: with the key that it has kept, where the control plane still knows that, else anew.
 * @throws UpstreamAway, UpstreamRefused when it cannot join
 */
export async function joined({
  server,
  evidence,
  folder,
  log,
}: Pick<HostOptions, "server" | "evidence" | "folder" | "log">): Promise<{
  upstream: HttpUpstream;
  host: string;
}> {
  const transport = openTransport(server);
  try {
    const before = await kept(transport, folder);
    const credential = before ?? (await join(transport, evidence));
    if (folder !== undefined) keepCredential(folder, credential);
    log("info", "this machine has joined", { host: credential.host });
    const events = {
      ended: ({ code, reason }: { code: string; reason: string }) => {
        log("error", "this machine has ended: its processes lose what they have", { code, reason });
        if (folder !== undefined) forgetCredential(folder);
      },
      notRenewed: ({ code, reason }: { code: string; reason: string }) => {
        log("warn", "this machine may not renew its key: restart it to join anew", { code, reason });
        if (folder !== undefined) forgetCredential(folder);
      },
      renewing: (pending: Credential) => {
        if (folder !== undefined) keepCredential(folder, pending);
      },
      renewed: (renewed: Credential) => {
        if (folder !== undefined) keepCredential(folder, renewed);
      },
      renewalUnanswered: (why: unknown) =>
        log("warn", "this machine's key could not be renewed yet", { why: String(why) }),
    };
    return {
      upstream: new HttpUpstream(transport, credential, { events, anew: before !== undefined }),
      host: credential.host,
    };
  } catch (error) {
    transport.close();
    throw error;
  }
}

/** While the control plane is away nobody can say that it is not good. */
async function kept(transport: Transport, folder: string | undefined): Promise<Credential | undefined> {
  const credential = folder === undefined ? undefined : recallCredential(folder, Date.now());
  if (credential === undefined) return undefined;
  try {
    return await knows(transport, credential);
  } catch (error) {
    if (error instanceof UpstreamRefused) return undefined;
    return credential;
  }
}
