import { readFileSync } from "node:fs";
import { z } from "zod";
import { route } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import { type Asset, readAssets } from "./assets.ts";
import type { LoginDeps } from "./login-deps.ts";

const html = readFileSync(new URL("./page/index.html", import.meta.url), "utf8");

/** Read when somebody opens the page for the first time: a start does not wait for it. */
let assets: ReadonlyMap<string, Asset> | undefined;

/** Nothing inline, nothing from elsewhere, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const pageHeaders = {
  "content-security-policy": POLICY,
  "cache-control": "no-cache",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
  "x-frame-options": "DENY",
};

export const loginPage = route<LoginDeps>()({
  summary: "The plain page: enrol a passkey, sign in, consent, approve.",
  answers: { 200: "text/html" },
  handle: async () => ({
    status: 200,
    contentType: "text/html; charset=utf-8",
    headers: pageHeaders,
    body: html,
  }),
});

const file = z.string().max(60);

export const loginAsset = route<LoginDeps>()({
  summary: "A script, style or mark of the plain page, from a fixed list.",
  params: z.strictObject({ file }),
  answers: { 200: "text/javascript" },
  handle: async (_deps, _caller, { params }) => assetAt(`/login/assets/${params.file}`),
});

export const loginProofModule = route<LoginDeps>()({
  summary: "A module of the proof package, by which the page computes what is signed; from a fixed list.",
  params: z.strictObject({ folder: file, file }),
  answers: { 200: "text/javascript" },
  handle: async (_deps, _caller, { params }) => assetAt(`/login/proof/${params.folder}/${params.file}`),
});

export const loginProofRootModule = route<LoginDeps>()({
  summary: "A module at the root of the proof package; from a fixed list.",
  params: z.strictObject({ file }),
  answers: { 200: "text/javascript" },
  handle: async (_deps, _caller, { params }) => assetAt(`/login/proof/${params.file}`),
});

async function assetAt(attackerPath: string) {
  assets ??= readAssets();
  const asset = assets.get(attackerPath);
  if (asset === undefined) throw new Fault("not-found", "Nothing is served at this address.");
  const headers = { "cache-control": "no-cache", "cross-origin-resource-policy": "same-origin" };
  return { status: 200, contentType: asset.contentType, headers, body: asset.text };
}
