import type { Change } from "../../database/index.ts";
import { Fault } from "../../lib/index.ts";
import type { PlatformDeps } from "../platforms/platform-deps.ts";
import { requireTrust, trustKept } from "../platforms/store-machines.ts";
import type { Host } from "./host.ts";

/**
 * Guards that what an administrator said about whose word counts is what it was when the machine joined: or a
 * machine whose authority is trusted no more would stay for ever, a week at a time.
 * @throws Fault `forbidden`, reason `host-trust-changed`
 */
export async function requireStandingTrust(
  { database }: Pick<PlatformDeps, "database">,
  change: Change,
  { type, trust }: Pick<Host, "type" | "trust">,
): Promise<void> {
  if (type === "join_token") return;
  const kept = await trustKept(database, type);
  if (kept === undefined || kept.revision !== trust) throw trustChanged();
  requireTrust(change, kept);
}

const trustChanged = (): Fault =>
  new Fault(
    "forbidden",
    "What was said about whose word counts is not what it was when this machine joined.",
    {
      remedy: "Have it join anew before its time is over.",
      members: { reason: "host-trust-changed" },
    },
  );
