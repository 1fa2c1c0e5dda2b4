import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { isCovered, KINDS, parseSelector, weaknessOf } from "./index.ts";

const HEX = "ab".repeat(32);

test("an entry matches only when all that it names is attested, and one that names nothing matches nobody", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.uniqueArray(fc.string()), (attested, more) => {
      const missing = more.filter((selector) => !attested.includes(selector));
      assert.equal(isCovered([], attested), false);
      if (attested.length > 0) assert.equal(isCovered(attested, [...attested, ...more]), true);
      if (missing.length > 0) assert.equal(isCovered([...attested, ...missing], attested), false);
    }),
  );
});

test("every kind of selector has one form, and nothing beside it is taken for one", () => {
  const good: Record<string, string> = {
    "unix:uid": "1001",
    "unix:user": "planner",
    "unix:gid": "0",
    "unix:group": "agents",
    "unix:supplementary_gid": "4",
    "unix:supplementary_group": "adm",
    "unix:path": "/opt/planner/bin/planner: a",
    "unix:sha256": HEX,
    "process:interpreter": "node",
    "process:interpreter_path": "/usr/bin/node",
    "process:interpreter_sha256": HEX,
    "process:script": "/srv/planner/main.js",
    "process:script_sha256": HEX,
    "process:parent_path": "/usr/lib/systemd/systemd",
    "systemd:unit": "planner@a\\x2db.service",
    "systemd:user_unit": "planner.service",
    "container:id": HEX,
    "container:image_digest": `sha256:${HEX}`,
    "container:image_config_digest": `sha256:${HEX}`,
    "container:uid": "1000",
    "container:gid": "1000",
    "k8s:ns": "payments",
    "k8s:pod_name": "planner-5d8f7c9b6d-x2x7k",
    "k8s:container_name": "planner",
    "k8s:pod_uid": "2c48913c-b29f-11e7-9350-020968147796",
  };
  assert.deepEqual(Object.keys(good).sort(), [...KINDS.keys()].sort());
  for (const [name, value] of Object.entries(good)) {
    assert.equal(parseSelector(`${name}:${value}`)?.value, value);
    for (const bad of ["", " ", `${value}\n`, `\0${value}`, `${value}\u001b[2J`])
      assert.equal(parseSelector(`${name}:${bad}`), undefined, JSON.stringify(`${name}:${bad}`));
  }
  for (const bad of [
    ...[
      "",
      "unix",
      "unix:",
      "unix:uid",
      "unix:uid:",
      "unix:uid:01",
      "unix:uid:-1",
      "unix:uid:1e3",
      "UNIX:uid:1",
    ],
    ...[
      "unix:uid:99999999999",
      "unix:path:bin/x",
      `unix:sha256:${HEX.toUpperCase()}`,
      `unix:sha256:sha256:${HEX}`,
    ],
    ...["constructor:name:x", "__proto__:a:b", " unix:uid:1", "unix:uid:1 ", "systemd:unit:../x.service"],
    ...[`unix:path:/${"a".repeat(5000)}`, "k8s:pod_uid:x", "container:image_digest:latest"],
  ])
    assert.equal(parseSelector(bad), undefined, bad);
});

test("every kind of selector is explained to who writes entries", () => {
  const told = readFileSync(new URL("../../docs/operate.md", import.meta.url), "utf8");
  for (const { name, carries } of KINDS.values())
    assert.match(told, new RegExp(`^\\|[^|]*\`${name}\`[^|]*\\| ${carries} \\|`, "m"), name);
});

test("what no process could show is refused in an entry, and other forms are offered", () => {
  fc.assert(
    fc.property(fc.string(), (attackerText) => {
      fc.pre(parseSelector(attackerText) === undefined);
      assert.equal(weaknessOf(["unix:uid:1001", attackerText])?.code, "selector-unknown");
    }),
  );
});

test("an entry that rests on an interpreter alone is refused, and a script or a user of its own suggested", () => {
  for (const selectors of [
    ["unix:path:/usr/bin/node"],
    ["unix:path:/usr/bin/python3.12", "unix:gid:1001"],
    ["process:interpreter:node"],
    ["process:interpreter_path:/usr/bin/node", `process:interpreter_sha256:${HEX}`],
    [`process:interpreter_sha256:${HEX}`, "unix:uid:0"],
    ["unix:path:/lib64/ld-linux-x86-64.so.2"],
    ["process:interpreter:perl", "process:parent_path:/usr/sbin/cron", "systemd:unit:user@1000.service"],
  ]) {
    const weakness = weaknessOf(selectors);
    assert.equal(weakness?.code, "rests-on-interpreter", selectors.join());
    assert.ok(weakness?.suggest.some((selector) => selector.startsWith("process:script:")));
    assert.ok(weakness?.suggest.some((selector) => selector.startsWith("unix:user:")));
  }
});

test("an entry that rests on root, on a group or on what anybody can arrange is refused", () => {
  assert.equal(weaknessOf(["unix:uid:0"])?.code, "rests-on-root");
  assert.equal(weaknessOf(["unix:user:root", "unix:gid:0"])?.code, "rests-on-root");
  for (const selectors of [
    [],
    ["unix:gid:1001"],
    ["unix:supplementary_group:docker", "unix:path:/opt/planner"],
    ["systemd:user_unit:planner.service"],
    ["systemd:unit:user@1000.service"],
    ["k8s:ns:payments", "k8s:container_name:planner", "container:uid:1000"],
    ["systemd:unit:session-3.scope", "process:parent_path:/usr/bin/tmux"],
  ])
    assert.equal(weaknessOf(selectors)?.code, "rests-on-shared", selectors.join());
});

test("an entry rests well on a user of its own, a unit, a container or an image", () => {
  for (const selector of [
    "unix:uid:1001",
    "unix:user:planner",
    "systemd:unit:planner.service",
    `container:id:${HEX}`,
    `container:image_digest:sha256:${HEX}`,
    "k8s:pod_uid:2c48913c-b29f-11e7-9350-020968147796",
  ]) {
    assert.equal(weaknessOf([selector]), undefined, selector);
    assert.equal(weaknessOf([selector, "process:interpreter:node", "unix:gid:0"]), undefined, selector);
  }
});

test("an entry on a script or a program must say under which user, and then even root is narrow enough", () => {
  for (const measured of [
    "process:script:/srv/planner/main.js",
    `process:script_sha256:${HEX}`,
    `unix:sha256:${HEX}`,
  ]) {
    assert.equal(weaknessOf([measured])?.code, "rests-on-anyone", measured);
    assert.equal(weaknessOf([measured, "process:interpreter:node", "unix:gid:5"])?.code, "rests-on-anyone");
    for (const user of ["unix:uid:1001", "unix:uid:0", "unix:user:planner", "systemd:unit:user@1000.service"])
      assert.equal(weaknessOf([measured, user]), undefined, `${measured} ${user}`);
  }
});
