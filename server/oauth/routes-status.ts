import { z } from "zod";
import { route } from "../http/index.ts";
import { inSeconds } from "../lib/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { LIST_KEPT } from "./status-list.ts";
import { listUri, livingLists } from "./status-place.ts";

const CACHED = { "cache-control": `public, max-age=${inSeconds(LIST_KEPT)}` };

export const statusList = route<OauthDeps>()({
  summary: "A signed list of statuses: whether the tokens that name it still hold (Token Status List).",
  params: z.strictObject({ list: z.string().max(20) }),
  answers: {
    200: "A status list token, as application/statuslist+jwt.",
    304: "It is the one that you have.",
  },
  async handle(deps, _caller, { params, request }) {
    const { token, etag } = await deps.statusLists.read(deps, params.list);
    const headers = { ...CACHED, etag };
    if (request.headers["if-none-match"] === etag) return { status: 304, headers };
    return { status: 200, headers, contentType: "application/statuslist+jwt", body: token };
  },
});

export const statusLists = route<OauthDeps>()({
  summary: "The addresses of all status lists in which living tokens can be.",
  answers: { 200: z.object({ status_lists: z.array(z.string()) }) },
  handle: async (deps) => ({
    status: 200,
    headers: CACHED,
    body: { status_lists: livingLists(deps).map((list) => listUri(deps.issuer, list)) },
  }),
});
