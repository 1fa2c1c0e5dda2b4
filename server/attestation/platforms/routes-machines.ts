import { z } from "zod";
import { route } from "../../http/index.ts";
import { listMachineTrust, shownMachineTrust } from "./find-machine-trust.ts";
import { MACHINE_TYPES, machineTrust } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { putMachineTrust, removeMachineTrust } from "./put-machine-trust.ts";

const params = z.strictObject({ type: z.enum(MACHINE_TYPES) });
const answer = z.object({ type: z.enum(MACHINE_TYPES), definition: z.unknown() });
const machines = route<PlatformDeps>();

export const machineTrustList = machines({
  summary: "Lists by whose word machines join.",
  answers: { 200: z.object({ items: z.array(answer) }) },
  async handle(deps) {
    const items = (await listMachineTrust(deps)).map(({ type, definition }) => ({ type, definition }));
    return { status: 200, body: { items } };
  },
});

export const machineTrustShow = machines({
  summary: "Shows by whose word machines of a kind join; secrets are not shown.",
  params,
  answers: { 200: answer },
  async handle(deps, _caller, { params: { type } }) {
    const { definition } = await shownMachineTrust(deps, type);
    return { status: 200, body: { type, definition } };
  },
});

export const machineTrustPut = machines({
  summary: "Says by whose word machines of a kind join: trust anchors and allow-lists.",
  params,
  body: machineTrust,
  bodyLimit: 512 * 1024,
  answers: { 200: answer },
  async handle(deps, caller, { params: { type }, body }) {
    const { definition } = await putMachineTrust(deps, caller, { type, definition: body });
    return { status: 200, body: { type, definition } };
  },
});

export const machineTrustRemove = machines({
  summary: "No machine joins by this kind of evidence any more.",
  params,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params: { type } }) {
    await removeMachineTrust(deps, caller, { type });
    return { status: 204 };
  },
});
