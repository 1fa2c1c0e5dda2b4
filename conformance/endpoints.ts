/**
 * The table of endpoints against a running server: each row answers, nothing else does, and each row lets in
 * whom it names and nobody else.
 */
import assert from "node:assert/strict";
import { endpoints } from "@countersign/server";
import { type Administrator, invite, type Session } from "./administrator.ts";
import { onPlace } from "./durability.ts";
import { isStream, type Operation, operationsOf, pathOf } from "./operations.ts";
import { freshFolder } from "./place.ts";
import { requireRefusal } from "./refusal.ts";
import type { Report, Suite } from "./report.ts";
import type { ServerProcess } from "./server-process.ts";
import { type Address, send, type WireAnswer } from "./wire.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** Methods that nothing here is served by. */
const FOREIGN = ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "SEARCH", "LOCK", "LINK"];

export const endpointTable: Suite = async (report) => {
  await wellFormedTable(report);
  await onPlace(freshFolder(), async (_place, server, administrator) => {
    const operations = await operationsOf(server);
    await sameTable(report, operations);
    await nothingElse(report, server, operations);
    await whoComesIn(report, server, operations, administrator);
  });
};

async function wellFormedTable(report: Report): Promise<void> {
  await report.case("no two rows of the table can answer the same request", () => {
    const shapes = endpoints.map(({ method, path }) => `${method} ${path.replaceAll(/:[a-z]+/g, ":")}`);
    assert.deepEqual(repeated(shapes), []);
  });
  await report.case("each row has a name of its own in the log", () => {
    assert.deepEqual(repeated(endpoints.map(({ audit }) => audit)), []);
  });
  await report.case("each row names somebody who may call, and `anyone` stands alone", () => {
    const wrong = endpoints.filter(
      ({ who }) => who.length === 0 || (who.includes("anyone") && who.length > 1),
    );
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });
}

const repeated = (names: readonly string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);

async function sameTable(report: Report, operations: readonly Operation[]): Promise<void> {
  await report.case("the description has exactly the rows of the table", () => {
    const described = operations.map(({ method, path, id }) => `${method} ${path} ${id}`);
    const rows = endpoints.map(({ method, path, audit }) => `${method} ${bracedPath(path)} ${audit}`);
    assert.deepEqual(described.sort(), rows.sort());
  });
  for (const { method, path, route } of endpoints) {
    await report.case(`${method} ${path} reads the parameters that its path has`, () => {
      const wanted = [...path.matchAll(/:([a-z]+)|(\*)/g)].map(([, name, rest]) => String(name ?? rest));
      const read = Object.keys((route.params as { shape?: object } | undefined)?.shape ?? {});
      assert.deepEqual(read.sort(), wanted.sort());
    });
  }
}

const bracedPath = (path: string): string => path.replaceAll(/:([a-z]+)/g, "{$1}").replace("*", "{path}");
const somewhere = (operation: Pick<Operation, "path">): string => pathOf(operation, () => "something");

async function nothingElse(report: Report, server: Address, operations: readonly Operation[]): Promise<void> {
  const byPath = Map.groupBy(operations, ({ path }) => path);
  for (const [path, served] of byPath) {
    const allowed = served.map(({ method }) => method);
    for (const method of [...METHODS, ...FOREIGN].filter((each) => !allowed.includes(each))) {
      await report.case(`${method} ${path} is answered 405, with the methods that are`, async () => {
        const answer = await send(server, { method, path: somewhere({ path }) });
        assert.equal(answer.status, 405, String(answer.body));
        assert.deepEqual(String(answer.headers.allow).split(", ").sort(), [...allowed].sort());
        if (method === "HEAD") assert.equal(answer.body.length, 0);
        else requireRefusal(answer, "problem");
      });
    }
    for (const near of nearOf(somewhere({ path }), byPath)) {
      await report.case(`nothing is served at ${near}`, async () => {
        const answer = await send(server, { method: served[0]?.method ?? "GET", path: near });
        assert.equal(answer.status, 404, String(answer.body));
        requireRefusal(answer, "problem");
      });
    }
  }
}

/** Addresses that a careless router would take for this one. */
function nearOf(path: string, served: ReadonlyMap<string, unknown>): string[] {
  const [, first = "", ...rest] = path.split("/");
  const near = [
    `${path}/`,
    `/${path}`,
    `/${first.toUpperCase()}/${rest.join("/")}`,
    `${path}.json`,
    `${path};x=1`,
    `/api${path}`,
  ];
  const patterns = [...served.keys()].map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .replaceAll(".", "\\.")
          .replaceAll(/\{path\}/g, ".+")
          .replaceAll(/\{[a-z]+\}/g, "[^/]+")}$`,
      ),
  );
  return near.filter((each) => !patterns.some((pattern) => pattern.test(each)));
}

async function whoComesIn(
  report: Report,
  server: ServerProcess,
  operations: readonly Operation[],
  administrator: Administrator,
): Promise<void> {
  const alice = await invite(administrator, server, "Alice");
  for (const operation of operations) {
    const { method, callers, path } = operation;
    await report.case(`${method} ${path} lets in ${callers.join(", ")} and nobody else`, async () => {
      await requireAdmission(server, operation, undefined);
      await requireAdmission(server, operation, alice);
      if (!isStream(operation))
        await requireAdmission(server, operation, administrator, [
          "person",
          "administrator",
          "policy-publisher",
        ]);
    });
  }
}

/** With a query that every row refuses, whoever comes in gets 400; it does nothing. */
async function requireAdmission(
  server: Address,
  operation: Operation,
  session: Session | undefined,
  is: readonly string[] = session === undefined ? [] : ["person"],
): Promise<void> {
  const path = `${somewhere(operation)}?refuse=this`;
  const answer =
    session === undefined
      ? await send(server, { method: operation.method, path })
      : await session.ask(operation.method, path);
  const comesIn = operation.callers.some((caller) => caller === "anyone" || is.includes(caller));
  const wanted = comesIn ? [400, 404, 415] : [session === undefined ? 401 : 403];
  assert(wanted.includes(answer.status), `${is.join(" and ") || "nobody"} is answered ${shown(answer)}`);
}

const shown = ({ status, body }: WireAnswer): string => `${status} ${body.subarray(0, 200)}`;
