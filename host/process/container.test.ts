import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HostRefusal } from "../peer/refusal.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import { containerOf } from "./container.ts";
import { unitOf } from "./unit.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);
const POD = "2c48913c-b29f-11e7-9350-020968147796";
const POD_ = POD.replaceAll("-", "_");

const groups = (text: string) => {
  const parsed = parseCgroup(text);
  assert.ok(parsed, text);
  return parsed;
};

/** As the runtimes write them; see docs/operate.md on what of this has been run. */
const RECORDED: readonly [what: string, text: string, pod?: string][] = [
  ["Docker, systemd driver, version 2", `0::/system.slice/docker-${ID}.scope\n`],
  [
    "Docker, cgroupfs driver, version 1",
    `12:pids:/docker/${ID}\n11:memory:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice/containerd.service\n`,
  ],
  ["Docker in a container of Docker's", `0::/docker/${ID}/docker/${OTHER}\n`],
  [
    "containerd under Kubernetes, systemd driver",
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${POD_}.slice/cri-containerd-${ID}.scope\n`,
    POD,
  ],
  [
    "containerd under Kubernetes, guaranteed",
    `0::/kubepods.slice/kubepods-pod${POD_}.slice/cri-containerd-${ID}.scope\n`,
    POD,
  ],
  [
    "containerd under Kubernetes, cgroupfs driver, version 1",
    `11:memory:/kubepods/besteffort/pod${POD}/${ID}\n1:name=systemd:/kubepods/besteffort/pod${POD}/${ID}\n`,
    POD,
  ],
  ["a static pod", `0::/kubepods/burstable/pod${"ab".repeat(16)}/${ID}\n`, "ab".repeat(16)],
  [
    "containerd below its own service",
    `0::/system.slice/containerd.service/kubepods-burstable-pod${POD_}.slice:cri-containerd:${ID}\n`,
    POD,
  ],
  [
    "CRI-O",
    `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${POD_}.slice/crio-${ID}.scope/container\n`,
    POD,
  ],
  ["Podman of root's", `0::/machine.slice/libpod-${ID}.scope/container\n`],
  ["nerdctl", `0::/system.slice/nerdctl-${ID}.scope\n`],
  ["Amazon ECS", `9:memory:/ecs/7f0e6d0c2b6f4e4b9f0c/${ID}\n`],
];

for (const [what, text, pod] of RECORDED)
  test(`a container is known by its control group: ${what}`, () => {
    assert.deepEqual(containerOf(groups(text)), pod === undefined ? { id: ID } : { id: ID, pod });
  });

test("what is in no container, or only watches over one, is in none", () => {
  for (const text of [
    "0::/\n",
    "0::/init.scope\n",
    "0::/user.slice/user-1000.slice/session-3.scope\n",
    "0::/system.slice/planner.service\n",
    `0::/machine.slice/libpod-conmon-${ID}.scope\n`,
    `0::/kubepods.slice/crio-conmon-${ID}.scope\n`,
    `0::/docker/${ID.slice(1)}\n`,
    `0::/docker/${ID.toUpperCase()}\n`,
    `0::/docker/${ID}0\n`,
    "4:memory:/process_api/eb014c0ec9f78df37b4ee16c150e3629\n0::/\n",
  ])
    assert.equal(containerOf(groups(text)), undefined, text);
});

test("a name that a user may give a control group is taken for no container", () => {
  for (const text of [
    `0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope\n`,
    `0::/user.slice/user-1000.slice/user@1000.service/app.slice/libpod-${ID}.scope/container\n`,
    `0::/system.slice/planner.service/docker/${ID}\n`,
    `0::/../../docker-${ID}.scope\n`,
    `0::/system.slice/planner.service/kubepods/pod${POD}/${ID}\n`,
  ])
    assert.throws(() => containerOf(groups(text)), { code: "container_by_user" }, text);
});

test("control groups that name two containers name none", () => {
  for (const text of [
    `2:pids:/docker/${ID}\n1:name=systemd:/docker/${OTHER}\n`,
    `2:pids:/kubepods/pod${POD}/${ID}\n1:name=systemd:/docker/${ID}\n`,
  ])
    assert.throws(() => containerOf(groups(text)), { code: "container_ambiguous" });
});

test("a pod is one only below the groups of Kubernetes", () => {
  assert.deepEqual(containerOf(groups(`0::/docker/pod${POD}/${ID}\n`)), { id: ID });
  assert.deepEqual(containerOf(groups(`0::/docker/${ID}/kubepods/pod${POD}/${OTHER}\n`)), { id: ID });
});

test("a unit is known as systemd lays out its control groups, a user's own unit only as such", () => {
  const unit = (text: string) => unitOf(groups(text));
  assert.deepEqual(unit("0::/system.slice/planner.service\n"), { unit: "planner.service" });
  assert.deepEqual(unit("0::/system.slice/system-agent.slice/agent@a\\x2db.service/sub/group\n"), {
    unit: "agent@a\\x2db.service",
  });
  assert.deepEqual(unit("0::/system.slice/_cpu.service\n"), { unit: "cpu.service" });
  assert.deepEqual(unit("5:cpu:/x\n1:name=systemd:/system.slice/planner.service\n0::/\n"), {
    unit: "planner.service",
  });
  assert.deepEqual(
    unit("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.slice/planner.service\n"),
    {
      unit: "user@1000.service",
      userUnit: "planner.service",
    },
  );
  assert.deepEqual(unit("0::/user.slice/user-1000.slice/session-3.scope\n"), { unit: "session-3.scope" });
  assert.deepEqual(unit("0::/user.slice/user-1000.slice/user@1000.service\n"), { unit: "user@1000.service" });
  for (const none of [
    "0::/\n",
    "0::/docker/x/planner.service\n",
    "0::/system.slice\n",
    "3:cpu:/system.slice/a.service\n",
  ])
    assert.equal(unit(none), undefined, none);
});

test("whatever control groups are called, no unit of the machine's comes from below another one", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "user.slice",
      "system.slice",
      "user@1000.service",
      "a.service",
      "..",
      `docker-${ID}.scope`,
      ID,
      "docker",
    ),
    fc.stringMatching(/^[^/\n\0]{1,20}$/),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (attackerParts) => {
      const parsed = groups(`0::/system.slice/planner.service/${attackerParts.join("/")}\n`);
      assert.deepEqual(unitOf(parsed), { unit: "planner.service" });
      try {
        assert.equal(containerOf(parsed), undefined);
      } catch (error) {
        assert.ok(error instanceof HostRefusal && error.code === "container_by_user");
      }
    }),
  );
});
