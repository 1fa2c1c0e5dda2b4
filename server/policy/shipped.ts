import { readdir, readFile } from "node:fs/promises";
import type { PolicyFile } from "./policy.ts";

const SHIPPED = new URL("../../policies/", import.meta.url);
const ENDING = ".cedar";

/** The policies that come with Countersign, with the tests beside them. */
export async function shippedPolicies(folder: URL = SHIPPED): Promise<PolicyFile[]> {
  const files = await readdir(folder);
  const names = files.filter((file) => file.endsWith(ENDING)).map((file) => file.slice(0, -ENDING.length));
  return Promise.all(names.sort().map((name) => shippedPolicy(folder, name)));
}

async function shippedPolicy(folder: URL, name: string): Promise<PolicyFile> {
  const text = await readFile(new URL(`${name}${ENDING}`, folder), "utf8");
  const tests = await readFile(new URL(`${name}.test.yaml`, folder), "utf8");
  return { name, text, tests };
}
