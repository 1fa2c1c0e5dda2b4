import { readdir, readFile } from "node:fs/promises";
import type { PolicyFile } from "./policy.ts";

const SHIPPED = new URL("../../policies/", import.meta.url);
const ENDING = ".cedar";

/** The policies that come with Countersign, with the settings and the tests beside them. */
export async function shippedPolicies(folder: URL = SHIPPED): Promise<PolicyFile[]> {
  const files = await readdir(folder);
  const names = files.filter((file) => file.endsWith(ENDING)).map((file) => file.slice(0, -ENDING.length));
  return Promise.all(names.sort().map((name) => shippedPolicy(folder, files, name)));
}

async function shippedPolicy(folder: URL, files: readonly string[], name: string): Promise<PolicyFile> {
  const read = (ending: string) => readFile(new URL(`${name}${ending}`, folder), "utf8");
  const text = await read(ENDING);
  const tests = await read(".test.yaml");
  const settings = files.includes(`${name}.settings.yaml`) ? await read(".settings.yaml") : undefined;
  return { name, text, tests, ...(settings === undefined ? {} : { settings }) };
}
