import { expireApprovals } from "../approvals/index.ts";
import { forgetExpiredTokens, forgetProcesses } from "../attestation/index.ts";
import { flushRefusals } from "../audit/index.ts";
import { forgetOldAnswers } from "../authzen/index.ts";
import { forgetHotKeys } from "../database/index.ts";
import { expireTasks, forgetHeads, tidyWindows } from "../delegation/index.ts";
import { keepKeysFresh } from "../keys/index.ts";
import { hours, minutes, seconds } from "../lib/index.ts";
import { forgetPastAuthorizations, forgetStaleProofs } from "../oauth/index.ts";
import { forgetOldDecisions, tellOfObserving } from "../policy/index.ts";
import { forgetChanges, restAgents, suspendOrphans } from "../registry/index.ts";
import { BundleRefresh } from "../spiffe/index.ts";
import type { ServerDeps } from "./server-deps.ts";

/** What must happen again and again, whoever calls. A chore that fails is tried again at its next turn. */
export function startChores(deps: ServerDeps): () => void {
  const bundles = new BundleRefresh(deps);
  const chores: readonly [everyMs: number, chore: () => Promise<unknown>][] = [
    [minutes(1), () => flushRefusals(deps)],
    [minutes(1), () => expireTasks(deps)],
    [seconds(15), () => tidyWindows(deps)],
    [minutes(1), () => expireApprovals(deps)],
    [minutes(1), () => restAgents(deps)],
    [minutes(1), () => suspendOrphans(deps)],
    [hours(1), () => forgetChanges(deps)],
    [minutes(5), () => forgetStaleProofs(deps)],
    [minutes(5), () => forgetExpiredTokens(deps)],
    [minutes(5), () => forgetPastAuthorizations(deps)],
    [seconds(30), () => bundles.run()],
    [minutes(1), () => tellOfObserving(deps)],
    [hours(1), () => forgetOldDecisions(deps)],
    [hours(1), () => forgetHeads(deps)],
    [hours(1), () => forgetHotKeys(deps)],
    [hours(1), () => forgetProcesses(deps)],
    [hours(1), () => keepKeysFresh(deps)],
    [minutes(1), () => deps.authority.records(deps)],
    [hours(1), () => forgetOldAnswers(deps)],
  ];
  const failed = (error: Error): void =>
    deps.log.error({ error: error.message }, "a chore failed; it will be tried again");
  const timers = chores.map(([every, chore]) => setInterval(() => void chore().catch(failed), every).unref());
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}
