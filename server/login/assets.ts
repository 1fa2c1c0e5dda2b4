import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

/** A file of the page, as it is served. */
export interface Asset {
  readonly contentType: string;
  readonly text: string;
}

/** The whole page: nothing outside these three lists is served, whatever a request names. */
const PAGE_MODULES = [
  "approval",
  "authorize",
  "chain",
  "commitment",
  "consent",
  "plan",
  "dom",
  "enrol",
  "home",
  "main",
  "passkeys",
  "server",
  "shell",
  "sign-in",
  "signed",
] as const;

const PAGE_FILES = { "page.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml" } as const;

/** The proof package's own files, by which the page computes what is signed, and who may import them by name. */
const PROOF_DOORS: Readonly<Record<string, string>> = {
  "@countersign/proof/jcs": "jcs/index",
  // Its door also leads to node:crypto; a browser has crypto.subtle for that.
  "@countersign/proof/digest": "digest/base64url",
  "@countersign/proof/grant": "grant/index",
  // Their doors also lead to hashing and verifying with node:crypto.
  "@countersign/proof/consent": "consent/consent",
  "@countersign/proof/receipt": "receipt/receipt",
};

const JAVASCRIPT = "text/javascript; charset=utf-8";
const AT_PAGE = "/login/assets/";
const AT_PROOF = "/login/proof/";

/** In the checkout the sources are TypeScript; what is published is JavaScript already. */
const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const pageFolder = new URL("./page/", import.meta.url);
const proofFolder = new URL("../", import.meta.resolve("@countersign/proof/jcs"));

/**
 * Reads the whole page: types stripped, imports resolved to where they are served.
 * @returns the assets by path, such as `/login/assets/main.js`
 * @throws Error when a module imports something that is not served: the page would not load
 */
export function readAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const [name, contentType] of Object.entries(PAGE_FILES)) {
    assets.set(AT_PAGE + name, { contentType, text: readFileSync(new URL(name, pageFolder), "utf8") });
  }
  for (const name of PAGE_MODULES) readModule(assets, `${AT_PAGE}${name}.js`);
  return assets;
}

/** Reads a module of the page, or one of proof's together with those it imports. */
function readModule(assets: Map<string, Asset>, path: string): void {
  if (assets.has(path)) return;
  const text = resolved(javascript(sourceOf(path)), path);
  assets.set(path, { contentType: JAVASCRIPT, text });
  for (const [, imported = ""] of text.matchAll(IMPORT)) {
    if (imported.startsWith(AT_PROOF)) readModule(assets, imported);
    else if (!isPageModule(imported))
      throw new Error(`${path} imports ${imported}, which a browser cannot load`);
  }
}

const isPageModule = (path: string): boolean => PAGE_MODULES.some((name) => path === `${AT_PAGE}${name}.js`);

function sourceOf(path: string): URL {
  const [folder, at] = path.startsWith(AT_PROOF) ? [proofFolder, AT_PROOF] : [pageFolder, AT_PAGE];
  return new URL(path.slice(at.length).replace(/\.js$/, EXTENSION), folder);
}

function javascript(source: URL): string {
  const text = readFileSync(fileURLToPath(source), "utf8");
  return source.pathname.endsWith(".ts") ? quietly(() => stripTypeScriptTypes(text)) : text;
}

/** Node runs this very file through the same function without a word, and warns when it is called by name. */
function quietly<T>(act: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return act();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Static imports and re-exports, as our own sources write them. */
const IMPORT = /(?<=^(?:import|export)\b[^"'`;=()]*\bfrom\s*|^import\s*)"([^"]+)"/gm;

const resolved = (text: string, path: string): string =>
  text.replace(IMPORT, (_, specifier: string) => `"${served(specifier, path)}"`);

/** Where the thing imported is served. */
function served(specifier: string, from: string): string {
  const door = PROOF_DOORS[specifier];
  if (door !== undefined) return `${AT_PROOF}${door}.js`;
  if (!specifier.startsWith("."))
    throw new Error(`${from} imports ${specifier}, which a browser cannot load`);
  return new URL(specifier.replace(/\.ts$/, ".js"), `http://page${from}`).pathname;
}
