import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, constants, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type HostRefusal, type ProcessPeer, peerOf, processWith } from "./index.ts";

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : "needs root, for processes under other users";
const folder = mkdtempSync(join(tmpdir(), "peer-"));
const path = join(folder, "s");
const accepted: { socket: net.Socket; peer: ProcessPeer | undefined; why: HostRefusal | undefined }[] = [];
const server = net.createServer((socket) => {
  let why: HostRefusal | undefined;
  const peer = peerOf(socket, (refusal) => {
    why = refusal;
  });
  socket.on("error", () => undefined);
  accepted.push({ socket, peer, why });
  server.emit("seen");
});
const children: ChildProcess[] = [];

before(async () => {
  chmodSync(folder, 0o755);
  await once(server.listen(path), "listening");
  chmodSync(path, 0o777);
});
after(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const { socket, peer } of accepted) {
    peer?.close();
    socket.destroy();
  }
  server.close();
  rmSync(folder, { recursive: true });
});

/** A real process that connects, then does what it is told. */
async function connecting(program: string, args: readonly string[], uid?: number) {
  const child = spawn(program, [...args], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: "/",
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.push(child);
  await once(server, "seen");
  const seen = accepted.at(-1);
  assert.ok(seen);
  return { child, ...seen };
}

const perl = (then: string): string[] => [
  "-MSocket",
  "-e",
  `socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un("${path}")) or die; ${then}`,
];

/** Perl marks descriptors above 2 close-on-exec; this takes the mark off the connection. */
const keepAcrossExec = "use Fcntl; fcntl(S, F_SETFD, 0);";

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!holds()) {
    assert.ok(Date.now() < end, "within five seconds");
    await new Promise((next) => setTimeout(next, 10));
  }
}

test("a process that connects is known by its pid, user and start, as the kernel says", {
  skip: needsRoot,
}, async () => {
  const { child, peer } = await connecting("perl", perl("<STDIN>"), 1234);
  assert.equal(peer?.pid, child.pid);
  assert.equal(peer?.uid, 1234);
  assert.equal(peer?.gid, 1234);
  assert.match(peer?.started ?? "", /^[0-9a-f-]{36}:\d+$/);
  assert.equal(peer?.isAlive(), true);
});

test("an exit is told within moments, and nothing is alive after it", async () => {
  const { child, peer } = await connecting("perl", perl("<STDIN>"));
  const before = Date.now();
  const told = new Promise<void>((resolve) => peer?.onExit(resolve));
  child.stdin.end("\n");
  await told;
  assert.ok(Date.now() - before < 5_000);
  assert.equal(peer?.isAlive(), false);
  assert.equal(peer?.refusal()?.code, "peer_exited");
  await new Promise<void>((resolve) => peer?.onExit(resolve));
});

test("a peer that is let go of tells no exit and is not alive", async () => {
  const { child, peer } = await connecting("perl", perl("<STDIN>"));
  let told = false;
  peer?.onExit(() => {
    told = true;
  });
  peer?.close();
  peer?.close();
  assert.equal(peer?.isAlive(), false);
  child.kill("SIGKILL");
  await once(child, "exit");
  await new Promise((next) => setTimeout(next, 600));
  assert.equal(told, false);
});

test("a process that executes another program on its pid is no longer who connected", async () => {
  const { child, peer } = await connecting("perl", perl(`<STDIN>; ${keepAcrossExec} exec "cat"`));
  assert.equal(peer?.isAlive(), true);
  child.stdin.write("\n");
  await until(() => peer?.isAlive() === false);
  assert.equal(peer?.refusal()?.code, "program_changed");
  assert.equal(child.exitCode, null);
});

test("a process that executes its own program again is no longer who connected", async () => {
  const { child, peer } = await connecting(
    "perl",
    perl(`<STDIN>; ${keepAcrossExec} exec "perl", "-e", "<STDIN>"`),
  );
  child.stdin.write("\n");
  await until(() => peer?.isAlive() === false);
  assert.equal(peer?.refusal()?.code, "program_changed");
});

test("a child that inherits the connection is nobody once its parent is gone", async () => {
  const { child, peer } = await connecting("perl", perl("if (fork == 0) { sleep 5; exit } <STDIN>; exit"));
  child.stdin.end("\n");
  await once(child, "exit");
  assert.equal(peer?.refusal()?.code, "peer_exited");
});

/** Lets nothing be accepted until the attacker has done what it does between `connect` and `accept`. */
async function connectingWhileBusy(then: string, within: readonly string[] = []) {
  const child = spawn("env", [...within, "perl", ...perl(then)], { stdio: "ignore", cwd: "/" });
  children.push(child);
  execFileSync("sleep", ["0.5"]);
  await once(server, "seen");
  return { child, ...accepted.at(-1) };
}

test("who executes another program between connecting and being accepted is not that program, whoever speaks", async () => {
  const spoken = "if (fork == 0) { sleep 5; exit }";
  for (const [then, code] of [
    [`${spoken} exec "sleep", "60"`, "connection_inherited"],
    [`${spoken} ${keepAcrossExec} exec "sleep", "60"`, "connection_inherited"],
    [`${keepAcrossExec} exec "sleep", "60"`, "connection_inherited"],
    [`close S; sleep 60`, "connection_inherited"],
    [`sleep 60`, undefined],
  ] as const) {
    const { child, peer, why } = await connectingWhileBusy(then);
    assert.equal(why?.code, code, then);
    assert.equal(peer === undefined, code !== undefined, then);
    child.kill("SIGKILL");
  }
});

test("a connection made in a network namespace of its own is known there, and this host is back in its own", {
  skip: needsRoot,
}, async () => {
  const own = readlinkSync("/proc/thread-self/ns/net");
  const { peer, why } = await connecting("unshare", ["--net", "perl", ...perl("<STDIN>")]);
  assert.equal(why, undefined);
  assert.equal(peer?.isAlive(), true);
  const { why: kept } = await connectingWhileBusy(`${keepAcrossExec} sleep 60`, ["unshare", "--net"]);
  assert.equal(kept?.code, "connection_inherited");
  assert.equal(readlinkSync("/proc/thread-self/ns/net"), own);
});

test("a process that changes its user is no longer who connected", { skip: needsRoot }, async () => {
  const { child, peer } = await connecting("perl", perl("<STDIN>; $) = 1234; $> = 1234; <STDIN>"));
  child.stdin.write("\n");
  await until(() => peer?.isAlive() === false);
  assert.equal(peer?.refusal()?.code, "user_changed");
});

test("a process that can change back to another user is nobody from the start", {
  skip: needsRoot,
}, async () => {
  const { peer, why } = await connecting(
    "perl",
    perl("<STDIN>").map((a) => a.replace("socket(", "$> = 1234; socket(")),
  );
  assert.equal(peer, undefined);
  assert.equal(why?.code, "user_changed");
});

const LAST_PID = "/proc/sys/kernel/ns_last_pid";
const pidsCanBeChosen = ((): boolean => {
  try {
    accessSync(LAST_PID, constants.W_OK);
    return isRoot;
  } catch {
    return false;
  }
})();

test("whoever gets the pid of a peer that is gone is not that peer", {
  skip: pidsCanBeChosen ? false : "pids cannot be chosen here",
}, async () => {
  const { child, peer } = await connecting("perl", perl("<STDIN>"));
  const pid = child.pid ?? 0;
  child.kill("SIGKILL");
  await once(child, "exit");
  for (let tries = 0; tries < 200 && peer?.refusal()?.code !== "pid_reused"; tries++) {
    writeFileSync(LAST_PID, String(pid - 1));
    const next = spawn("sleep", ["10"]);
    children.push(next);
    if (next.pid !== pid) next.kill("SIGKILL");
  }
  assert.equal(peer?.refusal()?.code, "pid_reused");
  assert.equal(peer?.isAlive(), false);
});

test("a process in another pid namespace that is not seen from here, or no process at all, is nobody", () => {
  let why: HostRefusal | undefined;
  const none = peerOf(new net.Socket(), (refusal) => {
    why = refusal;
  });
  assert.equal(none, undefined);
  assert.equal(why?.code, "peer_invisible");
});

test("a process that cannot be looked at, for want of descriptors, is not alive and not gone", async () => {
  const looker = join(folder, "looker.ts");
  writeFileSync(
    looker,
    `import { openSync, writeSync } from "node:fs";
     import { processWith } from ${JSON.stringify(fileURLToPath(new URL("./index.ts", import.meta.url)))};
     const peer = processWith(process.ppid);
     const before = [peer.isAlive(), peer.isGone()];
     try { for (;;) openSync("/dev/null"); } catch {}
     writeSync(1, JSON.stringify([before, [peer.isAlive(), peer.isGone()]]));
     process.kill(process.pid, "SIGKILL");`,
  );
  const child = spawn("sh", ["-c", 'ulimit -n 256; exec "$@"', "sh", process.execPath, looker]);
  children.push(child);
  const [said] = await once(child.stdout, "data");
  assert.deepEqual(JSON.parse(String(said)), [
    [true, false],
    [false, false],
  ]);
});

test("a process that has exited before it was looked at is nobody", async () => {
  const child = spawn("true");
  await once(child, "exit");
  assert.throws(() => processWith(child.pid ?? 0), { code: "peer_exited" });
});
