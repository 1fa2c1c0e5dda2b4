import { readFileSync } from "node:fs";

const proof = new URL("../", import.meta.url);
const door = new URL("index.ts", import.meta.url);
/** As `package.json` says for the condition `browser`. */
const native = new URL(
  JSON.parse(readFileSync(new URL("package.json", proof), "utf8")).imports["#native"].browser,
  proof,
);

/** Imports that are there when types are stripped: `import type` and `export type` are not. */
const IMPORT = /^(?:import|export)(?! type\b)\b[^"';]*?from "([^"]+)"/gm;

/** All modules that a browser loads for the WebCrypto half, by their path under proof. */
export function modulesOfTheWebHalf(): Map<string, string> {
  const modules = new Map<string, string>();
  const follow = (url: URL): void => {
    const path = url.href.slice(proof.href.length);
    if (modules.has(path)) return;
    const source = readFileSync(url, "utf8");
    modules.set(path, source);
    for (const [, imported = ""] of source.matchAll(IMPORT)) {
      if (imported === "#native") follow(native);
      else if (imported.startsWith(".")) follow(new URL(imported, url));
      else throw new Error(`${path} imports ${imported}, which a browser cannot load`);
    }
  };
  follow(door);
  return modules;
}

/** Where `#native` leads in a browser. */
export const nativePath = native.href.slice(proof.href.length);
