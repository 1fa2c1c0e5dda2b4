import assert from "node:assert/strict";
import { invite } from "../administrator.ts";
import type { Report } from "../report.ts";
import { jsonOf } from "../wire.ts";
import { certificationApplication } from "./applications.ts";
import { type EnforcementPoint, enforcementPoint } from "./enforcement-point.ts";
import type { Installation } from "./installation.ts";
import { requirePlain } from "./structure.ts";

const QUESTION = {
  subject: { type: "user", id: "alice" },
  action: { name: "read" },
  resource: { type: "record", id: "record-1" },
};
const at = (application: string): string => `/access/v1/evaluation?application=${application}`;

/** Who may ask what, and what others cannot find out. */
export async function isolation(
  report: Report,
  { server, administrator }: Installation,
  point: EnforcementPoint,
): Promise<void> {
  const body = JSON.stringify(QUESTION);
  const foreign = await enforcementPoint(administrator, server, "foreign-service");
  await report.case("an application that is not one's own looks like one that does not exist", async () => {
    const [known, unknown] = [
      await foreign.raw(at("certification"), body),
      await foreign.raw(at("nowhere"), body),
    ];
    for (const answer of [known, unknown]) requirePlain(answer, 403);
    assert.equal(String(known.body), String(unknown.body));
    requirePlain(await foreign.raw("/access/v1/evaluation", body), 403);
    requirePlain(
      await foreign.raw(
        "/access/v1/search/subject",
        JSON.stringify({ ...QUESTION, subject: { type: "user" } }),
      ),
      403,
    );
  });
  await report.case("a service of several applications names the one it means", async () => {
    const definition = { ...certificationApplication(), services: [point.id] };
    await administrator.put("/authzen/applications/another", { ...definition, entities: [] });
    requirePlain(await point.raw("/access/v1/evaluation", body), 400);
    assert.equal((await point.ask(at("certification"), QUESTION)).decision, true);
    const write = { ...QUESTION, action: { name: "write" } };
    assert.equal((await point.ask(at("certification"), write)).decision, true);
    assert.equal((await point.ask(at("another"), write)).decision, false);
    await administrator.put("/authzen/applications/another", { ...definition, services: [] });
  });
  await report.case("a definition that is taken back answers nobody any more", async () =>
    requirePlain(await point.raw(at("another"), body), 403),
  );
  await report.case(
    "what is wrong about a definition is refused with its place, and the one before it answers",
    async () => {
      const wrong = {
        ...certificationApplication(),
        policies: [
          {
            name: "broken",
            text: '@id("a")\n@reason("b")\npermit (principal, action, resource) when { resource.nothing };',
          },
        ],
        services: [point.id],
      };
      const answer = await administrator.ask("PUT", "/authzen/applications/certification", wrong);
      assert.equal(answer.status, 422, String(answer.body));
      const [problem] = jsonOf<{ problems: { file: string; line: number }[] }>(answer).problems;
      assert.equal(problem?.file, "broken.cedar");
      assert.equal(problem?.line, 3);
      assert.equal((await point.ask("/access/v1/evaluation", QUESTION)).decision, true);
    },
  );
  await report.case("who owns nothing of it can neither define nor see an application", async () => {
    const mallory = await invite(administrator, server, "Mallory");
    const definition = { ...certificationApplication(), services: [point.id] };
    assert.equal((await mallory.ask("PUT", "/authzen/applications/certification", definition)).status, 403);
    assert.equal(
      (await mallory.ask("PUT", "/authzen/applications/mine", { ...definition, services: [] })).status,
      403,
    );
    for (const path of ["certification", "nowhere", "certification/versions"])
      assert.equal((await mallory.ask("GET", `/authzen/applications/${path}`)).status, 404);
    assert.equal((await mallory.ask("POST", "/access/v1/evaluation", QUESTION)).status, 403);
  });
  await report.case(
    "an administrator may ask any application by its name, and read what it answered",
    async () => {
      const asked = await administrator.ask("POST", at("certification"), QUESTION);
      assert.equal(asked.status, 200, String(asked.body));
      const { context } = jsonOf<{ context: { decision_id: string } }>(asked);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const path = `/authzen/applications/certification/decisions/${context.decision_id}`;
      const record = await administrator.get<{ request: unknown; by: string }>(path);
      assert.deepEqual(record.request, QUESTION);
      assert.equal(record.by, administrator.person);
    },
  );
}
