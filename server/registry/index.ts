/**
 * The registry: people, agents, services, teams and groups, and the running copies of agents and services.
 * One place says who exists, who answers for whom, what each may have at most, and in which state it is;
 * whatever ends something here writes its dead keys in the same change.
 */
export { accepted, visible } from "./accepted.ts";
export {
  ACCOUNT_KINDS,
  ACCOUNT_STATES,
  type Account,
  type AccountSaid,
  type AccountUpdate,
  PRIVILEGES,
} from "./account.ts";
export { requireEnrollable } from "./activate-agent.ts";
export { addAccount } from "./add-account.ts";
export { addClientInstance, addInstance, type Proven } from "./add-instance.ts";
export { addPerson } from "./add-person.ts";
export { Admissions } from "./admissions.ts";
export {
  type Agent,
  type AgentRegistration,
  type AgentUpdate,
  accessKeyOf,
  agentRegistration,
  agentUpdate,
  type DelegationRules,
  isAccessKey,
  personId,
  taskStarters,
  updatedAgent,
} from "./agent.ts";
export { attestAgain } from "./attest-again.ts";
export { isAdministrator, requireAdministrator, requireOwnerOrAdministrator } from "./authority.ts";
export { blockableOf } from "./blockable-of.ts";
export { adoptAccount, retireAccount, updateAccount } from "./change-account.ts";
export { agentChanges, type Changes, forgetChanges } from "./changes.ts";
export { type AgentClient, agentClient, isClientDocumentUrl } from "./client.ts";
export { decommissionAgent } from "./decommission-agent.ts";
export { defineGroup, putGroup } from "./define-group.ts";
export { departPerson } from "./depart-person.ts";
export { endInstance, endInstanceWithin, endProven } from "./end-instance.ts";
export { registryEvents } from "./events.ts";
export { accountOrRefuse, listAccounts } from "./find-account.ts";
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
  nameOfPerson,
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
export { handOverAgent } from "./hand-over-agent.ts";
export { type HandedOver, handOverAll } from "./hand-over-all.ts";
export { blockedKindsOf, deadKeysOf, type Instance, isLive } from "./instance.ts";
export {
  AGENT_STATES,
  AGENT_TRANSITIONS,
  type AgentStatus,
  type AgentTransition,
  endOf,
  STANDINGS,
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
export { prolongInstance } from "./prolong-instance.ts";
export { changedMembers, defined } from "./record.ts";
export { isLoopbackRedirect, isRedirectUri, isRegisteredRedirect } from "./redirect-uri.ts";
export { type AgentSaid, addAgent, registerAgent } from "./register-agent.ts";
export { registerPerson } from "./register-person.ts";
export { registerService } from "./register-service.ts";
export { putTeam, registerTeam, type TeamSaid } from "./register-team.ts";
export { type LifecycleSettings, ORPHAN_GRACE, type RegistryDeps } from "./registry-deps.ts";
export { restAgents } from "./rest-agents.ts";
export { resumeAgent, resumeWithin } from "./resume-agent.ts";
export { resumePerson } from "./resume-person.ts";
export { findRisk, keepRisk, listRisks, type RiskRecord } from "./risk.ts";
export {
  accountAdd,
  accountAdopt,
  accountChange,
  accountList,
  accountRetire,
  accountShow,
} from "./routes-accounts.ts";
export {
  agentChange,
  agentChangeList,
  agentCreate,
  agentDecommission,
  agentHandOver,
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
  personHandOver,
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
export { STANDING_CHANNEL } from "./store-workloads.ts";
export { suspendAgent, suspendWithin } from "./suspend-agent.ts";
export { suspendOrphans } from "./suspend-orphans.ts";
export { suspendPerson } from "./suspend-person.ts";
export { switchPersonWithin } from "./switch-person.ts";
export { resumeService, suspendService } from "./switch-service.ts";
export { type RegistryTables, registryMigrations } from "./tables.ts";
export {
  AGENT_CLASSES,
  type AgentClass,
  AUTONOMIES,
  type Autonomy,
  agentClass,
  CRITICALITIES,
  type Criticality,
  ENVIRONMENTS,
  type Environment,
  environment,
  principalName,
  RESERVED_NAMES,
  SENSITIVITIES,
  type Sensitivity,
  shortName,
  TRIGGERS,
  type Trigger,
} from "./taxonomy.ts";
export { type Team, teamRegistration } from "./team.ts";
export { touchAgent } from "./touch-agent.ts";
export { changeAgent, updateAgent } from "./update-agent.ts";
export { updatePerson } from "./update-person.ts";
export { updateService } from "./update-service.ts";
export { type Vouched, vouchFor } from "./vouch-for.ts";
