/** For tests only: a company whose services have applications to ask. */
import type { TestEngine } from "../audit/test-databases.ts";
import { migrations as companyMigrations, openCompany } from "../delegation/fixture.ts";
import type { Caller, ServiceId } from "../lib/index.ts";
import { registerService } from "../registry/index.ts";
import type { ApplicationDefinition } from "./application.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import { DecisionIds } from "./decision-ids.ts";
import { DecisionLog } from "./decision-log.ts";
import { evaluate } from "./evaluate.ts";
import { asks } from "./fixture.ts";
import { LiveApplications } from "./live-applications.ts";
import { putApplication } from "./put-application.ts";
import { authzenMigrations } from "./store.ts";

export const migrations = [...companyMigrations, ...authzenMigrations];

/** Files is a service of Pat's and foreign one of Ada's; no application is defined. */
export async function openHouse(engine: TestEngine) {
  const company = await openCompany(engine, migrations);
  const time = { now: 0 };
  const base = company.deps as unknown as AuthzenDeps;
  const applications = new LiveApplications(base, () => time.now);
  const answers = new DecisionLog(base);
  const deps: AuthzenDeps = { ...base, applications, answers, decisionIds: new DecisionIds(base) };
  const { ada, pat } = company;
  const services: { id: ServiceId; caller: Caller }[] = [];
  for (const [name, owner] of [
    ["files", pat.id],
    ["foreign", ada.id],
  ] as const) {
    const { id } = await registerService(deps, ada.caller, { name, owner, resources: [] });
    const caller = {
      principal: id,
      kind: "service",
      strength: "enrolled-key",
      via: "test",
      roles: [],
    } as const;
    services.push({ id, caller });
  }
  const [files, foreign] = services as [(typeof services)[0], (typeof services)[0]];
  const close = async (): Promise<void> => {
    applications.close();
    await answers.close();
    await company.close();
  };
  const put = (caller: Caller, definition: ApplicationDefinition, name = "files") =>
    putApplication(deps, caller, { name, definition });
  const ask = async (caller: Caller, words: string, application?: string): Promise<boolean> => {
    const question = asks(words);
    return JSON.parse(await evaluate(deps, caller, { question, text: JSON.stringify(question), application }))
      .decision;
  };
  return { ...company, deps, base, time, files, foreign, close, put, ask };
}

export type House = Awaited<ReturnType<typeof openHouse>>;
