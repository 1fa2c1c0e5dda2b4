import assert from "node:assert/strict";
import { test } from "node:test";
import { breachesIn } from "./check-stairs.ts";

const importing = (target: string): string => `import { x } from "${target}";\n`;

test("a room may import an earlier room through its door", () => {
  assert.deepEqual(breachesIn("server/oauth/token.ts", importing("../registry/index.ts")), []);
});

test("a room may not import a later room", () => {
  assert.match(
    String(breachesIn("server/registry/agent.ts", importing("../oauth/index.ts"))),
    /stands above/,
  );
});

test("a room may not reach past another room's door", () => {
  assert.match(
    String(breachesIn("server/oauth/token.ts", importing("../registry/store.ts"))),
    /not through the door/,
  );
});

test("an import over several lines does not escape", () => {
  const source = 'import {\n  a,\n  b,\n} from "../oauth/index.ts";\n';
  assert.equal(breachesIn("server/registry/agent.ts", source).length, 1);
});

test("a folder that is no room is refused", () => {
  assert.match(String(breachesIn("server/drawer/agent.ts", importing("../lib/index.ts"))), /no room drawer/);
});

test("proof imports nothing of ours", () => {
  assert.equal(breachesIn("proof/token/verify.ts", importing("@countersign/sdk")).length, 1);
  assert.equal(breachesIn("proof/token/verify.ts", importing("../../server/lib/index.ts")).length, 1);
});

test("the command line reaches the server only by dynamic import", () => {
  assert.equal(breachesIn("cli/up.ts", importing("@countersign/server")).length, 1);
  assert.deepEqual(breachesIn("cli/up.ts", 'const server = await import("@countersign/server");\n'), []);
});

test("what is for tests is imported by tests alone", () => {
  assert.deepEqual(breachesIn("server/oauth/token.test.ts", importing("../login/fixture.ts")), []);
  assert.match(String(breachesIn("server/oauth/token.ts", importing("../login/fixture.ts"))), /for tests/);
  assert.match(
    String(breachesIn("server/oauth/token.ts", importing("../audit/test-databases.ts"))),
    /for tests/,
  );
});
