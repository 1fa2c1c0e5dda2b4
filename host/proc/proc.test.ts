import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { liesAsStarted, parseStrings } from "./arguments.ts";
import { parseCgroup } from "./cgroup.ts";
import { parseMaps } from "./maps.ts";
import { parseMountinfo } from "./mountinfo.ts";
import { parseStat } from "./stat.ts";
import { onlyId, parseStatus } from "./status.ts";

const STAT =
  "S 7 26754 26754 34816 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 3454579 3133440 407 18446744073709551615 94461697175552 94461697195433 140732807601184 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94461697211440 94461697213056 94462580961280 140732807604719 140732807604739 140732807604739 140732807606251 0\n";
const STATUS =
  "Name:\tsh\nUmask:\t0022\nTracerPid:\t0\nUid:\t1001\t1001\t1001\t1001\nGid:\t5\t6\t7\t8\nGroups:\t4 24 27 \nThreads:\t1\nCapPrm:\t000001ff00000002\n";

test("a process's name cannot move the fields of its stat, whatever is in it", () => {
  const plain = parseStat(`1 (sh) ${STAT}`);
  assert.deepEqual(
    [plain?.state, plain?.parent, plain?.startTicks, plain?.startStack, plain?.argStart, plain?.argEnd],
    ["S", 7, "3454579", "140732807601184", "140732807604719", "140732807604739"],
  );
  assert.equal(BigInt(plain?.argEnd ?? 0) - BigInt(plain?.argStart ?? 0), 20n);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 15 }), (attackerName) => {
      assert.deepEqual(parseStat(`1 (${attackerName}) ${STAT}`), plain);
    }),
  );
  assert.deepEqual(parseStat(`1 (x) R 1 1 1) ${STAT}`), plain);
});

test("a status that says a thing twice, or not at all, says nothing", () => {
  const read = parseStatus(STATUS);
  assert.deepEqual(read, {
    uids: [1001, 1001, 1001, 1001],
    gids: [5, 6, 7, 8],
    groups: [4, 24, 27],
    permitted: 0x1ff00000002n,
    tracer: 0,
  });
  assert.equal(onlyId([1, 1, 1, 1]), 1);
  assert.equal(onlyId([1, 0, 1, 1]), undefined);
  for (const name of ["Uid", "Gid", "Groups", "TracerPid", "CapPrm"]) {
    assert.equal(parseStatus(STATUS.replace(name, "Other")), undefined);
    assert.equal(parseStatus(`${STATUS}${name}:\t0\t0\t0\t0\n`), undefined);
  }
  assert.equal(parseStatus(STATUS.replace("TracerPid:\t0", "TracerPid:\tx")), undefined);
});

test("this machine's own /proc is understood", () => {
  const own = (name: string): string => readFileSync(`/proc/self/${name}`, "utf8");
  assert.equal(parseStat(own("stat"))?.parent, process.ppid);
  assert.equal(parseStatus(own("status"))?.uids[0], process.getuid?.());
  assert.ok((parseMaps(own("maps"))?.length ?? 0) > 10);
  assert.ok(
    parseMountinfo(own("mountinfo"))?.some(({ point, kind }) => point === "/proc" && kind === "kernel"),
  );
  assert.ok(parseCgroup(own("cgroup")));
});

test("a file system that a user's program serves is told from the machine's own", () => {
  const line = (type: string, options: string): string =>
    `36 35 98:0 /x /mnt\\040a rw,noatime master:1 - ${type} src ${options}\n`;
  const kinds = (text: string) => parseMountinfo(text)?.map(({ point, kind }) => `${point} ${kind}`);
  assert.deepEqual(kinds(line("ext4", "rw")), ["/mnt a files"]);
  assert.deepEqual(kinds(line("fuse.sshfs", "rw,user_id=1001,group_id=0")), ["/mnt a user"]);
  assert.deepEqual(kinds(line("fuse", "rw")), ["/mnt a user"]);
  assert.deepEqual(kinds(line("fuse.gcsfuse", "rw,user_id=0,group_id=0")), ["/mnt a files"]);
  assert.deepEqual(kinds(line("proc", "rw")), ["/mnt a kernel"]);
  assert.equal(parseMountinfo("nonsense\n"), undefined);
});

test("arguments that were written over do not lie as they were laid, unless each is as long as before", () => {
  const first = 0x7ffc_0000_1000n;
  const laid = (words: readonly string[]): Buffer => {
    const stack = Buffer.alloc(8 * (words.length + 1));
    stack.writeBigUInt64LE(BigInt(words.length));
    let at = first;
    words.forEach((word, i) => {
      stack.writeBigUInt64LE(at, 8 * (i + 1));
      at += BigInt(Buffer.byteLength(word) + 1);
    });
    return stack;
  };
  const word = fc
    .string({ unit: "grapheme", minLength: 0, maxLength: 12 })
    .map((text) => text.replaceAll("\0", "-"));
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 6 }),
      fc.array(word, { minLength: 1, maxLength: 6 }),
      (then, now) => {
        const lengths = (words: readonly string[]) =>
          words
            .slice(0, -1)
            .map((each) => Buffer.byteLength(each))
            .join();
        const isSame = then.length === now.length && lengths(then) === lengths(now);
        assert.equal(liesAsStarted(laid(then), now, first), isSame);
      },
    ),
  );
  assert.deepEqual(parseStrings(Buffer.from("node\0/a.js\0\0")), ["node", "/a.js", ""]);
  assert.equal(parseStrings(Buffer.from("my own title")), undefined);
  assert.equal(parseStrings(Buffer.from([0x6e, 0xff, 0])), undefined);
});

test("whatever /proc said, reading it ends in an answer or in none, and never in an error", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom(
        STAT,
        STATUS,
        "0::/",
        "1:name=systemd:/a/b\n",
        ")",
        "(",
        "\n",
        ":",
        " - ",
        "Uid:\t",
        "7f-8f r-xp 0 0:0 0",
      ),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(pieces, (attackerPieces) => {
      const text = attackerPieces.join("");
      for (const parse of [parseStat, parseStatus, parseCgroup, parseMaps, parseMountinfo]) parse(text);
      parseStrings(Buffer.from(text));
    }),
    { numRuns: 300 },
  );
});

test("text beyond all measure is read in no time", () => {
  const long = "7f0000000000-7f0000001000 r-xp 00000000 00:00 0 \n".repeat(300_000);
  const before = performance.now();
  for (const parse of [parseStat, parseStatus, parseCgroup, parseMaps, parseMountinfo]) parse(long);
  assert.equal(parseMaps(long), undefined);
  assert.ok(performance.now() - before < 5_000);
});
