import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Where this person's terminal sessions are kept: one per server, readable by nobody else. */
const file = (): string =>
  join(process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config"), "countersign", "sessions.json");

export function readSession(issuer: string): string | undefined {
  return readAll()[issuer];
}

export function writeSession(issuer: string, token: string | undefined): void {
  const { [issuer]: _, ...others } = readAll();
  const path = file();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(token === undefined ? others : { ...others, [issuer]: token }), {
    mode: 0o600,
  });
  chmodSync(path, 0o600);
}

function readAll(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file(), "utf8"));
  } catch {
    return {};
  }
}
