import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import { defineGroup } from "./define-group.ts";
import { findGroup, findTeam, listGroups, listTeams } from "./find-organisation.ts";
import { grantList } from "./grant-list.ts";
import { registerTeam } from "./register-team.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { teamRegistration } from "./team.ts";

const groupAnswer = z.object({
  name: z.string(),
  grants: z.array(z.record(z.string(), z.unknown())),
  revision: z.int(),
});
const teamAnswer = z.object({ name: z.string(), lead: z.string(), zone: z.string(), revision: z.int() });

const byName = z.strictObject({ name: z.string().max(200) });
const query = z.strictObject(pageQuery);
const registry = route<RegistryDeps>();

export const groupList = registry({
  summary: "Lists groups by name.",
  query,
  answers: { 200: pageOf(groupAnswer) },
  handle: async (deps, _caller, input) => ({ status: 200, body: await listGroups(deps, input.query) }),
});

export const groupShow = registry({
  summary: "Shows what the people of a group have to give.",
  params: byName,
  answers: { 200: groupAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: found("group", await findGroup(deps, params.name)),
  }),
});

export const groupPut = registry({
  summary: "Says what the people of a group have to give; makes the group where there is none.",
  params: byName,
  body: z.strictObject({ grants: grantList }),
  answers: { 200: groupAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await defineGroup(deps, caller, { name: params.name, grants: body.grants }),
  }),
});

export const teamList = registry({
  summary: "Lists teams by name.",
  query,
  answers: { 200: pageOf(teamAnswer) },
  handle: async (deps, _caller, input) => ({ status: 200, body: await listTeams(deps, input.query) }),
});

export const teamShow = registry({
  summary: "Shows a team's record.",
  params: byName,
  answers: { 200: teamAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: found("team", await findTeam(deps, params.name)),
  }),
});

export const teamPut = registry({
  summary: "Registers a team, or says its record anew.",
  params: byName,
  body: teamRegistration.omit({ name: true }),
  answers: { 200: teamAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await registerTeam(deps, caller, { ...body, name: params.name }),
  }),
});

function found<Thing>(what: string, thing: Thing | undefined): Thing {
  if (thing !== undefined) return thing;
  throw new Fault("not-found", `There is no ${what} of this name.`, {
    remedy: `List the ${what}s, or make this one.`,
  });
}
