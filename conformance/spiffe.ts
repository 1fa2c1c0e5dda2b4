/**
 * The Workload API and Envoy's secret discovery as a stranger's client sees them, built from `api/` alone, in
 * processes of several users.
 */

import { Skipped, type Suite } from "./report.ts";
import { workloadApiCases } from "./spiffe/cases.ts";
import { onSpiffeStage } from "./spiffe/on-stage.ts";
import { sdsCases } from "./spiffe/sds-cases.ts";

export const spiffe: Suite = async (report) => {
  if (process.getuid?.() !== 0) throw new Skipped("only root can start processes of several users");
  await onSpiffeStage(async (stage) => {
    await workloadApiCases(report, stage);
    await sdsCases(report, stage);
  });
};
