/**
 * AuthZEN 1.0 through real HTTP: the decisions of the interop events by policies of ours, the fixture of the
 * certification scenario, its structural tests, searches, and what a caller must not learn.
 */
import assert from "node:assert/strict";
import { certificationApplication, gatewayApplication, todoApplication } from "./authzen/applications.ts";
import { certify } from "./authzen/certification.ts";
import type { EnforcementPoint } from "./authzen/enforcement-point.ts";
import { type Installation, serving } from "./authzen/installation.ts";
import { isolation } from "./authzen/isolation.ts";
import { searches } from "./authzen/search.ts";
import { structure } from "./authzen/structure.ts";
import { renamed, usersIn, type Vector, type Vectors, vectorsIn } from "./authzen/vectors.ts";
import { onPlace } from "./durability.ts";
import { freshFolder } from "./place.ts";
import type { Report, Suite } from "./report.ts";

const EVALUATION = "/access/v1/evaluation";
const EVALUATIONS = "/access/v1/evaluations";

export const authzen: Suite = async (report) => {
  const [todo, gateway] = [vectorsIn("todo-1_0-02.json"), vectorsIn("gateway.json")];
  await onPlace(freshFolder(), async (_place, server, administrator) => {
    const on = { server, administrator };
    await interop(report, on, "todo", todo, todoApplication);
    await interop(report, on, "gateway", gateway, gatewayApplication);
    const point = await serving(on, "certification", certificationApplication());
    await certify(report, point);
    await structure(report, server, point);
    await searches(report, on, todo);
    await isolation(report, on, point);
  });
};

/** Every decision twice: as it was agreed on, and with every user under another name. */
async function interop(
  report: Report,
  on: Installation,
  name: string,
  vectors: Vectors,
  application: typeof todoApplication,
): Promise<void> {
  const users = usersIn(vectors);
  const point = await serving(on, name, application(users));
  await decisions(report, point, name, vectors);
  const nameOf = (id: string): string => `somebody-${users.findIndex((user) => user.id === id)}`;
  const others = users.map((user) => ({ ...user, id: nameOf(user.id) }));
  const another = await serving(on, `${name}-renamed`, application(others));
  await decisions(report, another, `${name}, everybody renamed`, {
    evaluation: vectors.evaluation.map((vector) => renamed(vector, nameOf)),
    ...(vectors.evaluations === undefined
      ? {}
      : { evaluations: vectors.evaluations.map((vector) => renamed(vector, nameOf)) }),
  });
  await report.case(`${name}: no policy names anybody`, () => {
    const text = application(users)
      .policies.map((policy) => policy.text)
      .join();
    for (const { id, email } of users) assert(!text.includes(id) && !text.includes(email));
  });
}

async function decisions(
  report: Report,
  point: EnforcementPoint,
  name: string,
  { evaluation, evaluations = [] }: Vectors,
): Promise<void> {
  for (const [i, { request, expected }] of evaluation.entries()) {
    await report.case(`${name} ${i + 1}: ${inWords(request)} is ${expected}`, async () => {
      const answer = await point.ask(EVALUATION, request);
      assert.equal(answer.decision, expected, JSON.stringify(answer));
    });
  }
  for (const [i, { request, expected }] of evaluations.entries()) {
    await report.case(`${name}, boxcar ${i + 1}: ${inWords(request)}`, async () => {
      const answer = await point.ask<{ evaluations: { decision: boolean }[] }>(EVALUATIONS, request);
      assert.deepEqual(
        answer.evaluations.map(({ decision }) => ({ decision })),
        expected,
      );
    });
  }
}

const inWords = ({ subject, action, resource }: Vector<unknown>["request"]): string =>
  `${subject.id.slice(0, 12)}… ${action.name} ${resource?.id ?? "several"}`;
