import type { Grant } from "@countersign/proof/grant";
import type { JsonObject } from "@countersign/proof/jcs";
import type { Answered, Received } from "../agent-process.ts";
import { check, refusalOf, served, turnedAway } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, aside, chain, happens, person, resource, verdict } from "../stage.ts";

const tool = "reports/publish";
const report = { title: "What the cloud cost us in Q3", site: "https://acme.example/reports" };

/** To publish outside, the report agent needs Marta's signature over exactly that, and may then do it once. */
export async function publication(company: Company, number: number): Promise<void> {
  act(number, "The report agent wants to publish outside, which needs the manager");
  await writesDraft(company);
  const approval = await isAskedToWait(company);
  await martaApproves(company, approval);
  await publishes(company);
}

const authority = (last: "asked for" | "called", what: string): string =>
  chain(
    person("Alice"),
    ["signed", agent("planning-agent")],
    ["narrowed", agent("report-agent")],
    [last, resource(what)],
  );

async function writesDraft({ reports, grant, audience, at }: Company): Promise<void> {
  const draft = "reports/writeDraft";
  await reports.tell("ask", {
    as: "draft",
    under: "review",
    resource: audience("reports"),
    grants: [grant(draft)],
  });
  const call = { token: "draft", url: at(draft), tool: draft, args: { title: report.title, text: "…" } };
  served("the draft is written", await reports.tell<Answered>("call", call));
  verdict(authority("called", draft), "ALLOW");
}

export async function isAskedToWait(company: Company): Promise<string> {
  const pending = await refusalOf("publishing without approval", ask(company), "ApprovalPending");
  const { approval } = pending;
  check(typeof approval === "string", "the refusal names the request for approval");
  verdict(authority("asked for", tool), "REQUIRE_APPROVAL", "manager");
  return approval;
}

async function martaApproves({ marta }: Company, approval: string): Promise<void> {
  const { items } = await marta.get<{ items: { id: string }[] }>("/approvals?mine=true");
  check(
    items.some(({ id }) => id === approval),
    "the request waits for Marta",
  );
  const answered = await marta.tell<{ sentence: string; arguments: JsonObject; state: string }>("approve", {
    approval,
  });
  check(answered.state === "approved", "Marta's signature suffices");
  check(
    answered.arguments.title === report.title && answered.arguments.site === report.site,
    "she saw exactly that",
  );
  happens(`${person("Marta")} signs with her passkey: “${answered.sentence}”`);
  aside(`title “${report.title}”, site ${report.site}`);
}

async function publishes(company: Company): Promise<void> {
  await ask(company);
  const changed = await call(company, { ...report, site: "https://elsewhere.example" });
  verdict(
    authority("called", `${tool} elsewhere`),
    "REFUSED",
    turnedAway("a changed argument", changed, "insufficient_scope"),
  );
  served("it is published", await call(company, report));
  verdict(authority("called", tool), "ALLOW", "approved by Marta, for once");
  const again = turnedAway("a second publication", await call(company, report), "insufficient_scope");
  verdict(authority("called", `${tool} again`), "REFUSED", again);
}

/** Everything about the call is pinned: what Marta signs is what can be called. */
function ask({ reports, grant, audience }: Company): Promise<Received> {
  const pinned: Grant["args"] = {
    title: { op: "eq", value: report.title },
    site: { op: "eq", value: report.site },
  };
  const request = {
    as: "publish",
    under: "review",
    resource: audience("reports"),
    grants: [grant(tool, pinned)],
  };
  return reports.tell<Received>("ask", request);
}

const call = ({ reports, at }: Company, args: JsonObject): Promise<Answered> =>
  reports.tell<Answered>("call", { token: "publish", url: at(tool), tool, args });
