import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type AgentName, system } from "../lib/index.ts";
import { findRisk, keepRisk, type RiskRecord } from "../registry/index.ts";
import type { Acting } from "./acting.ts";
import { riskChanged } from "./events.ts";
import { isSettling, observe } from "./observe.ts";
import { type Anomaly, anomaliesIn, assess, bandOf, GOOD_FOR, withNewTool } from "./risk.ts";
import { isHabit, noteHabit } from "./store.ts";
import type { ThreatsDeps } from "./threats-deps.ts";

export interface AssessedRisk extends RiskRecord {
  readonly anomalies: readonly Anomaly[];
}

/** Where decisions get the risk of the one who acts. */
export interface RiskSource {
  /** @returns nothing where it cannot be had; whoever decides then takes it for the highest there is */
  of(acting: Acting): Promise<AssessedRisk | undefined>;
  /** Adds to a change that the agent calls this tool: from then on it is one of its habits. */
  used(change: Change, call: { readonly agent: AgentName; readonly tool: string }): void;
}

/**
 * The risk on record, made anew where it has grown old; where the agent would begin to use another tool, that
 * counts on top. Asking leaves no trace in its habits: only calls do. What fails is told in the operator's log
 * and leaves nothing: the highest risk.
 */
export function riskSource(deps: ThreatsDeps): RiskSource {
  return {
    async of(acting) {
      try {
        return await riskOf(deps, acting);
      } catch (error) {
        deps.log.error({ instance: acting.instance, error: String(error) }, "risk could not be assessed");
        return undefined;
      }
    },
    used(change, call) {
      noteHabit(change, { ...call, first_at: deps.clock.now() });
    },
  };
}

async function riskOf(deps: ThreatsDeps, acting: Acting): Promise<AssessedRisk | undefined> {
  const known = await findRisk(deps, acting.instance);
  const record = isGood(deps, acting, known) ? known : await reassess(deps, acting);
  if (record === undefined) return undefined;
  const risk = (await isNew(deps, acting)) ? { ...record, ...withNewTool(record.parts) } : record;
  return { ...risk, anomalies: anomaliesIn(risk.parts) };
}

const isGood = ({ clock }: ThreatsDeps, { agent }: Acting, record: RiskRecord | undefined): boolean =>
  record !== undefined && record.agent === agent.name && clock.now() - record.at < GOOD_FOR;

async function isNew({ database, clock }: ThreatsDeps, { agent, tool }: Acting): Promise<boolean> {
  if (tool === undefined || isSettling(agent, clock.now())) return false;
  return !(await isHabit(database, agent.name, tool));
}

/** Observes, and keeps what was found; an event tells of it only where the band is another one. */
function reassess(deps: ThreatsDeps, acting: Acting): Promise<RiskRecord | undefined> {
  return perform(deps, system, "risk.assess", async (change) => {
    const { agent, instance } = acting;
    const seen = await observe(deps, acting);
    if (seen === undefined) return undefined;
    const record: RiskRecord = { instance, agent: agent.name, ...assess(seen), at: deps.clock.now() };
    keepRisk(change, record);
    tellOfBand(deps, change, record, await findRisk(deps, instance));
    return record;
  });
}

function tellOfBand(
  deps: ThreatsDeps,
  change: Change,
  { agent, instance, score, parts }: RiskRecord,
  earlier: RiskRecord | undefined,
): void {
  const band = bandOf(score);
  const before = earlier && bandOf(earlier.score);
  if (band === (before ?? "low")) return;
  const body = { instance, band, ...(before === undefined ? {} : { before }), score, parts };
  append(change, riskChanged(deps, system, { agent }, body));
}
