/**
 * The registry: people, agents, services, teams and groups, and the running copies of agents and services.
 * One place says who exists, who answers for whom, what each may have at most, and in which state it is;
 * whatever ends something here writes its dead keys in the same change.
 */
export { accepted, visible } from "./accepted.ts";
export { requireEnrollable } from "./activate-agent.ts";
export { addClientInstance, addInstance, type Proven } from "./add-instance.ts";
export { addPerson } from "./add-person.ts";
export {
  type Agent,
  type AgentRegistration,
  type AgentUpdate,
  agentRegistration,
  agentUpdate,
  type DelegationRules,
  personId,
  taskStarters,
  updatedAgent,
} from "./agent.ts";
export { attestAgain } from "./attest-again.ts";
export { isAdministrator, requireAdministrator, requireOwnerOrAdministrator } from "./authority.ts";
export { type AgentClient, agentClient, isClientDocumentUrl } from "./client.ts";
export { decommissionAgent } from "./decommission-agent.ts";
export { defineGroup, putGroup } from "./define-group.ts";
export { departPerson } from "./depart-person.ts";
export { endInstance, endInstanceWithin, endProven } from "./end-instance.ts";
export { registryEvents } from "./events.ts";
export {
  agentOrRefuse,
  aliveAgent,
  findAgent,
  findAgentOfClient,
  listAgents,
  livingChildren,
  requireActiveAgent,
} from "./find-agent.ts";
export { findInstance, findInstanceByThumbprint, listInstances, onlyLiveInstance } from "./find-instance.ts";
export { findGroup, findTeam, listGroups, listTeams } from "./find-organisation.ts";
export {
  alivePerson,
  findPerson,
  findPersonByEmail,
  grantsOfPerson,
  listPeople,
  personOrRefuse,
  requireActivePerson,
} from "./find-person.ts";
export {
  aliveService,
  findService,
  findServiceByName,
  listServices,
  requireActiveService,
  serviceOrRefuse,
} from "./find-service.ts";
export { grantList } from "./grant-list.ts";
export { type Group, type GroupDefinition, groupDefinition } from "./group.ts";
export { blockedKindsOf, deadKeysOf, type Instance, isLive } from "./instance.ts";
export {
  AGENT_STATES,
  AGENT_TRANSITIONS,
  type AgentStatus,
  type AgentTransition,
  type Standing,
  standingOf,
} from "./lifecycle.ts";
export type { Page } from "./page.ts";
export {
  type Person,
  type PersonRegistration,
  type PersonUpdate,
  personRegistration,
  personUpdate,
} from "./person.ts";
export { emailAddress, printableName, printableText, technicalWord } from "./printable.ts";
export { changedMembers, defined } from "./record.ts";
export { isLoopbackRedirect, isRedirectUri, isRegisteredRedirect } from "./redirect-uri.ts";
export { type AgentSaid, addAgent, registerAgent } from "./register-agent.ts";
export { registerPerson } from "./register-person.ts";
export { registerService } from "./register-service.ts";
export { putTeam, registerTeam, type TeamSaid } from "./register-team.ts";
export type { RegistryDeps } from "./registry-deps.ts";
export { resumeAgent, resumeWithin } from "./resume-agent.ts";
export { resumePerson } from "./resume-person.ts";
export { findRisk, keepRisk, listRisks, type RiskRecord } from "./risk.ts";
export {
  agentChange,
  agentCreate,
  agentDecommission,
  agentInstances,
  agentList,
  agentResume,
  agentShow,
  agentSuspend,
  instanceEnd,
} from "./routes-agents.ts";
export { groupList, groupPut, groupShow, teamList, teamPut, teamShow } from "./routes-organisation.ts";
export {
  personChange,
  personCreate,
  personDepart,
  personList,
  personResume,
  personShow,
  personSuspend,
} from "./routes-people.ts";
export {
  serviceChange,
  serviceCreate,
  serviceList,
  serviceResume,
  serviceShow,
  serviceSuspend,
} from "./routes-services.ts";
export { resourceUrl, type Service } from "./service.ts";
export { suspendAgent, suspendWithin } from "./suspend-agent.ts";
export { suspendPerson } from "./suspend-person.ts";
export { switchPersonWithin } from "./switch-person.ts";
export { resumeService, suspendService } from "./switch-service.ts";
export { type RegistryTables, registryMigrations } from "./tables.ts";
export {
  AGENT_CLASSES,
  type AgentClass,
  agentClass,
  ENVIRONMENTS,
  type Environment,
  environment,
  principalName,
  RESERVED_NAMES,
  shortName,
} from "./taxonomy.ts";
export { type Team, teamRegistration } from "./team.ts";
export { touchAgent } from "./touch-agent.ts";
export { changeAgent, updateAgent } from "./update-agent.ts";
export { updatePerson } from "./update-person.ts";
export { updateService } from "./update-service.ts";
export { type Vouched, vouchFor } from "./vouch-for.ts";
