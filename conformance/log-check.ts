import { type VerifiedLog, verifyLog } from "@countersign/proof/log";
import type { Session } from "./administrator.ts";

/** Verifies the log of a running server from its public files, as a stranger would. @throws LogError */
export async function verifyOverHttp(session: Session, since?: string): Promise<VerifiedLog> {
  const key = await session.get<{ origin: string; vkey: string }>("/audit/key");
  const bytes = async (path: string): Promise<Buffer> => {
    const answer = await session.ask("GET", path);
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.body}`);
    return answer.body;
  };
  const reader = {
    checkpoint: async () => (await bytes("/audit/checkpoint")).toString("utf8"),
    tile: (path: string) => bytes(`/audit/${path}`),
  };
  return verifyLog(reader, { ...key, ...(since === undefined ? {} : { since }) });
}

/** How many events a signed checkpoint covers: its second line. */
export const sizeOf = (checkpoint: string): number => Number(checkpoint.split("\n")[1]);
