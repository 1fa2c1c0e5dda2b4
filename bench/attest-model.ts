/**
 * What it costs to know a model by its bytes: our digest of a file of weights beside `openssl dgst -sha256` of the
 * same file, taking turns; and a sparse file of 10 GB once, for how much memory that takes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestFile, digestModel } from "@countersign/host/measure";
import type { Figures } from "./run.ts";

const ROUNDS = 5;
const COMPARED = 1024 ** 3;
const LARGE = 10 * 1024 ** 3;
const MB = 1_000_000;

export async function run(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "attest-model-"));
  try {
    // First: at rest is a process that has measured nothing and begun no thread.
    const { peakMb, seconds } = await memoryOf(sparse(folder, "large.bin", LARGE));
    const { ours, theirs } = await compare(sparse(folder, "weights.bin", COMPARED));
    return {
      ratio: rounded(theirs / ours),
      oursMs: rounded(ours),
      opensslMs: rounded(theirs),
      oursMbPerSecond: rounded(COMPARED / MB / (ours / 1000)),
      aboveIdleMb: rounded(peakMb),
      tenGbSeconds: rounded(seconds),
      rounds: ROUNDS,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sparse(folder: string, name: string, size: number): string {
  const path = join(folder, name);
  writeFileSync(path, "weights");
  truncateSync(path, size);
  return path;
}

/** Medians of as many rounds, in each of which both have a turn. The first round of each is thrown away. */
async function compare(path: string): Promise<{ ours: number; theirs: number }> {
  const times: { ours: number; theirs: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now();
    const { sha256 } = await digestFile(path);
    const between = performance.now();
    const said = spawnSync("openssl", ["dgst", "-sha256", path], { encoding: "utf8" }).stdout;
    times.push({ ours: between - began, theirs: performance.now() - between });
    assert.ok(said.includes(sha256), "both say the same");
  }
  const counted = times.slice(1);
  return {
    ours: median(counted.map(({ ours }) => ours)),
    theirs: median(counted.map(({ theirs }) => theirs)),
  };
}

/** How far resident memory rises above what it was at rest while the file is read whole. */
async function memoryOf(path: string): Promise<{ peakMb: number; seconds: number }> {
  globalThis.gc?.();
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const began = performance.now();
  const looking = setInterval(look, 50);
  await digestModel(path);
  clearInterval(looking);
  look();
  return { peakMb: (peak - idle) / MB, seconds: (performance.now() - began) / 1000 };
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const rounded = (number: number): number => Math.round(number * 100) / 100;
