import * as approvals from "../approvals/index.ts";
import * as attestation from "../attestation/index.ts";
import * as audit from "../audit/index.ts";
import * as authzen from "../authzen/index.ts";
import * as catalog from "../catalog/index.ts";
import * as delegation from "../delegation/index.ts";
import * as governance from "../governance/index.ts";
import type { Endpoint, Method, RateClass, Who } from "../http/index.ts";
import * as keys from "../keys/index.ts";
import * as login from "../login/index.ts";
import * as manifest from "../manifest/index.ts";
import * as oauth from "../oauth/index.ts";
import * as policy from "../policy/index.ts";
import * as registry from "../registry/index.ts";
import * as revocation from "../revocation/index.ts";
import * as spiffe from "../spiffe/index.ts";
import * as threats from "../threats/index.ts";
import { decided } from "./decided.ts";
import { delegationsExtend } from "./delegate.ts";
import { health, openapiDocument } from "./installation.ts";
import { agentsChild } from "./register-child.ts";
import type { ServerDeps } from "./server-deps.ts";

type Row = readonly [
  Method,
  string,
  Endpoint<ServerDeps>["route"],
  readonly Who[],
  RateClass,
  string,
  // Only over connections whose client has proven a key of its own by a certificate.
  "mtls"?,
];

const ANYONE = ["anyone"] as const;
const PERSON = ["person"] as const;
const ADMINISTRATOR = ["administrator"] as const;
const READERS = ["administrator", "auditor"] as const;
/** Who looks at policies, who prepares them, and who makes them decide. */
const OVERSEERS = ["administrator", "auditor", "policy-publisher"] as const;
const AUTHORS = ["administrator", "policy-publisher"] as const;
const PUBLISHER = ["policy-publisher"] as const;
const HOST = ["host"] as const;
const WORKLOADS = ["agent", "service"] as const;
const ASKERS = [...READERS, ...WORKLOADS] as const;

/**
 * Every endpoint there is: nothing is served outside this table. The fourth column says who may ask at all;
 * what exactly she may ask, the verb decides. The last is the attempt's name in the log.
 */
// biome-ignore format: a table is read by its columns
const ROWS: readonly Row[] = [
  // the installation
  ["GET",  "/health",                                        health,                           ANYONE,        "read",    "health.read"],
  ["GET",  "/keys",                                          keys.keyList,                     READERS,       "read",    "keys.list"],
  ["POST", "/keys/:purpose/rotate",                          keys.keyRotate,                   ADMINISTRATOR, "write",   "keys.rotate"],
  ["GET",  "/openapi.json",                                  openapiDocument,                  ANYONE,        "read",    "openapi.read"],

  // the token service
  ["GET",  "/.well-known/oauth-authorization-server",        oauth.metadata,                   ANYONE,        "read",    "metadata.read"],
  ["GET",  "/.well-known/oauth-protected-resource",          oauth.resourceMetadata,           ANYONE,        "read",    "resource-metadata.read"],
  ["GET",  "/.well-known/openid-configuration",              oauth.openidConfiguration,        ANYONE,        "read",    "metadata.openid"],
  ["GET",  "/agents/:name/federation",                       oauth.federationShow,             READERS,       "read",    "federation.read"],
  ["PUT",  "/agents/:name/federation",                       oauth.federationPut,              ADMINISTRATOR, "write",   "federation.define"],
  ["GET",  "/oauth/jwks",                                    oauth.jwks,                       ANYONE,        "read",    "jwks.read"],
  ["GET",  "/partners",                                      oauth.partnerList,                READERS,       "read",    "partner.list"],
  ["GET",  "/partners/:name",                                oauth.partnerShow,                READERS,       "read",    "partner.read"],
  ["PUT",  "/partners/:name",                                oauth.partnerPut,                 ADMINISTRATOR, "write",   "partner.define"],
  ["DELETE", "/partners/:name",                              oauth.partnerEnd,                 ADMINISTRATOR, "write",   "partner.end"],
  ["PUT",  "/partners/:name/subjects/:person",               oauth.partnerSubjectPut,          ADMINISTRATOR, "write",   "partner.subject"],
  ["GET",  "/oauth/warrant-keys",                            oauth.warrantKeys,                ANYONE,        "read",    "warrant-keys.read"],
  ["POST", "/oauth/token",                                   oauth.token,                      ANYONE,        "token",   "token.issue"],
  ["GET",  "/oauth/authorize",                               oauth.authorize,                  ANYONE,        "page",    "authorization.read"],
  ["POST", "/oauth/authorize",                               oauth.authorizePosted,            ANYONE,        "page",    "authorization.post"],
  ["POST", "/oauth/authorizations",                          oauth.authorizationBegin,         PERSON,        "sign-in", "authorization.begin"],
  ["POST", "/oauth/authorizations/:id/task",                 oauth.authorizationChoose,        PERSON,        "write",   "authorization.choose"],
  ["POST", "/oauth/authorizations/:id/finish",               oauth.authorizationFinish,        PERSON,        "write",   "authorization.grant"],
  ["POST", "/oauth/authorizations/:id/refuse",               oauth.authorizationRefuse,        PERSON,        "write",   "authorization.refuse"],
  ["POST", "/oauth/revoke",                                  oauth.revoke,                     ANYONE,        "token",   "token.revoke"],
  ["POST", "/oauth/introspect",                              oauth.introspection,              ANYONE,        "token",   "token.introspect"],
  ["GET",  "/status",                                        oauth.statusLists,                ANYONE,        "read",    "status.list"],
  ["GET",  "/status/:list",                                  oauth.statusList,                 ANYONE,        "read",    "status.read"],
  ["POST", "/oauth/uses",                                    oauth.uses,                       ["service"],   "token",   "token.use"],
  ["POST", "/oauth/transactions",                            oauth.transactions,               ["service"],   "token",   "transaction.receive"],
  ["POST", "/oauth/warrant-uses",                            oauth.warrantUses,                ["service"],   "token",   "warrant.use"],
  ["POST", "/oauth/refusals",                                oauth.refusals,                   ["service"],   "token",   "call.refuse"],

  // what is dead
  ["GET",  "/revocations",                                   revocation.revocationSnapshot,    ["service", ...READERS], "read", "revocation.read"],
  ["POST", "/revocations",                                   oauth.revocationOrder,            PERSON,        "write",   "revocation.order"],
  ["POST", "/revocations/lift",                              oauth.revocationLift,             PERSON,        "write",   "revocation.lift"],
  ["GET",  "/revocations/feed",                              revocation.revocationFeed,        ["service", ...READERS], "feed", "revocation.follow"],

  // enrolment of processes
  ["POST", "/join-tokens",                                   attestation.joinTokenIssue,       PERSON,        "write",   "join-token.issue"],
  ["POST", "/enrol",                                         attestation.instanceEnrol,        ANYONE,        "sign-in", "instance.enrol"],
  ["POST", "/instances",                                     attestation.instanceVouch,        ["agent"],     "token",   "instance.vouch"],

  // what they are made of, who vouches for that, and what asks before it starts them
  ["GET",  "/attestation/signers",                           attestation.signerList,           READERS,       "read",    "signer.list"],
  ["GET",  "/attestation/signers/:name",                     attestation.signerShow,           READERS,       "read",    "signer.read"],
  ["PUT",  "/attestation/signers/:name",                     attestation.signerPut,            ADMINISTRATOR, "write",   "signer.put"],
  ["DELETE", "/attestation/signers/:name",                   attestation.signerRemove,         ADMINISTRATOR, "write",   "signer.remove"],
  ["GET",  "/attestation/environments",                      attestation.environmentRuleList,  READERS,       "read",    "environment.list"],
  ["PUT",  "/attestation/environments/:environment",         attestation.environmentRulePut,   ADMINISTRATOR, "write",   "environment.rule"],
  ["POST", "/attestation/images",                            attestation.imageBring,           ["person", "service", "host"], "write", "image.bring"],
  ["GET",  "/attestation/images/:digest",                    attestation.imageShow,            READERS,       "read",    "image.read"],
  ["GET",  "/agents/:name/artifacts",                        attestation.agentArtifactsShow,   READERS,       "read",    "artifacts.read"],
  ["PUT",  "/agents/:name/artifacts",                        attestation.agentArtifactsPut,    ADMINISTRATOR, "write",   "artifacts.declare"],
  ["GET",  "/services/:id/artifacts",                        attestation.serviceArtifactsShow, READERS,       "read",    "service.artifacts.read"],
  ["PUT",  "/services/:id/artifacts",                        attestation.serviceArtifactsPut,  ADMINISTRATOR, "write",   "service.artifacts.declare"],
  ["GET",  "/attestation/keys",                              attestation.summaryKeys,          ANYONE,        "read",    "summary-keys.read"],
  ["GET",  "/attestations",                                  attestation.attestationList,      READERS,       "read",    "attestation.list"],
  ["GET",  "/attestations/:id",                              attestation.attestationShow,      READERS,       "read",    "attestation.read"],
  ["GET",  "/attestations/:id/vsa",                          attestation.attestationSummary,   READERS,       "read",    "attestation.summarize"],
  ["POST", "/gate",                                          attestation.gateAsk,              ["person", "service"], "write", "gate.ask"],
  ["GET",  "/attestation/clusters",                          attestation.clusterList,          READERS,       "read",    "cluster.list"],
  ["PUT",  "/attestation/clusters/:name",                    attestation.clusterPut,           ADMINISTRATOR, "write",   "cluster.put"],
  ["DELETE", "/attestation/clusters/:name",                  attestation.clusterRemove,        ADMINISTRATOR, "write",   "cluster.remove"],
  ["POST", "/admission/kubernetes/:secret",                  attestation.kubernetesAdmission,  ANYONE,        "decision", "admission.review"],
  // by whose word machines join, and workloads without a host
  ["POST", "/attest",                                        attestation.platformAttest,       ANYONE,        "sign-in", "platform.attest"],
  ["GET",  "/attestation/platforms",                         attestation.platformList,         READERS,       "read",    "platform.list"],
  ["GET",  "/attestation/platforms/:name",                   attestation.platformShow,         READERS,       "read",    "platform.read"],
  ["PUT",  "/attestation/platforms/:name",                   attestation.platformPut,          ADMINISTRATOR, "write",   "platform.put"],
  ["DELETE", "/attestation/platforms/:name",                 attestation.platformRemove,       ADMINISTRATOR, "write",   "platform.remove"],
  ["GET",  "/agents/:name/platforms",                        attestation.agentPlatformList,    READERS,       "read",    "platform.bindings"],
  ["PUT",  "/agents/:name/platforms/:platform",              attestation.agentPlatformPut,     ADMINISTRATOR, "write",   "platform.bind"],
  ["DELETE", "/agents/:name/platforms/:platform",            attestation.agentPlatformRemove,  ADMINISTRATOR, "write",   "platform.unbind"],
  ["GET",  "/models",                                        attestation.modelList,            READERS,       "read",    "model.list"],
  ["PUT",  "/models/:name",                                  attestation.modelRegister,        ADMINISTRATOR, "write",   "model.register"],
  ["POST", "/models/:name/retire",                           attestation.modelRetire,          ADMINISTRATOR, "write",   "model.retire"],
  ["PUT",  "/models/:name/bom",                              attestation.modelOriginPut,       ADMINISTRATOR, "write",   "model.declare-origin"],
  // by whose word machines join
  ["GET",  "/attestation/machines",                          attestation.machineTrustList,     READERS,       "read",    "machine-trust.list"],
  ["GET",  "/attestation/machines/:type",                    attestation.machineTrustShow,     READERS,       "read",    "machine-trust.read"],
  ["PUT",  "/attestation/machines/:type",                    attestation.machineTrustPut,      ADMINISTRATOR, "write",   "machine-trust.put"],
  ["DELETE", "/attestation/machines/:type",                  attestation.machineTrustRemove,   ADMINISTRATOR, "write",   "machine-trust.remove"],
  // machines, and which of their processes are whom
  ["POST", "/hosts/self/challenge",                          attestation.hostChallenge,        ANYONE,        "sign-in", "host.challenge"],
  ["POST", "/hosts/self/join",                               attestation.hostJoin,             ANYONE,        "sign-in", "host.join"],
  ["GET",  "/hosts",                                         attestation.hostList,             READERS,       "read",    "host.list"],
  ["GET",  "/hosts/self/entries",                            spiffe.hostEntries,               HOST,          "read",    "host.entries"],
  ["POST", "/hosts/self/attestations",                       spiffe.hostAttest,                HOST,          "token",   "workload.attest"],
  ["POST", "/hosts/self/jwt-svids",                          spiffe.hostJwtSvid,               HOST,          "token",   "workload.jwt-svid"],
  ["POST", "/hosts/self/ended",                              spiffe.hostEndedProcesses,        HOST,          "write",   "host.processes-ended"],
  ["GET",  "/hosts/self/bundles",                            spiffe.hostBundles,               HOST,          "read",    "host.bundles"],
  ["GET",  "/hosts/self/changes",                            spiffe.hostChanges,               HOST,          "feed",    "host.changes"],
  ["POST", "/hosts/self/key",                                attestation.hostRenew,            HOST,          "write",   "host.renew"],
  ["GET",  "/hosts/:name",                                   attestation.hostShow,             READERS,       "read",    "host.read"],
  ["POST", "/hosts/:name/end",                               attestation.hostEnd,              ADMINISTRATOR, "write",   "host.end"],
  ["GET",  "/agents/:name/entries",                          attestation.agentEntryList,       READERS,       "read",    "entry.list"],
  ["PUT",  "/agents/:name/entries/:entry",                   attestation.agentEntryPut,        ADMINISTRATOR, "write",   "entry.put"],
  ["DELETE", "/agents/:name/entries/:entry",                 attestation.agentEntryRemove,     ADMINISTRATOR, "write",   "entry.remove"],
  ["GET",  "/services/:id/entries",                          attestation.serviceEntryList,     READERS,       "read",    "service.entry.list"],
  ["PUT",  "/services/:id/entries/:entry",                   attestation.serviceEntryPut,      ADMINISTRATOR, "write",   "service.entry.put"],
  ["DELETE", "/services/:id/entries/:entry",                 attestation.serviceEntryRemove,   ADMINISTRATOR, "write",   "service.entry.remove"],


  // whose word is taken for who a workload is
  ["GET",  "/spiffe/bundle",                                 spiffe.ownTrustBundle,            ANYONE,        "read",    "trust-bundle.read"],
  ["GET",  "/spiffe/authority",                              spiffe.authorityShow,             READERS,       "read",    "authority.read"],
  ["GET",  "/trust-domains",                                 spiffe.trustDomainList,           READERS,       "read",    "trust-domain.list"],
  ["GET",  "/trust-domains/:name",                           spiffe.trustDomainShow,           READERS,       "read",    "trust-domain.read"],
  ["PUT",  "/trust-domains/:name",                           spiffe.trustDomainPut,            ADMINISTRATOR, "write",   "trust-domain.put"],
  ["DELETE", "/trust-domains/:name",                         spiffe.trustDomainRemove,         ADMINISTRATOR, "write",   "trust-domain.remove"],
  ["GET",  "/trust-domains/:name/workloads",                 spiffe.workloadList,              READERS,       "read",    "workload.list"],
  ["POST", "/trust-domains/:name/workloads",                 spiffe.workloadRegister,          ADMINISTRATOR, "write",   "workload.register"],
  ["DELETE", "/trust-domains/:name/workloads",               spiffe.workloadRemove,            ADMINISTRATOR, "write",   "workload.remove"],
  ["GET",  "/services/:id/certificate",                      oauth.serviceCertificateShow,     READERS,       "read",    "service.certificate.read"],
  ["PUT",  "/services/:id/certificate",                      oauth.serviceCertificatePut,      ADMINISTRATOR, "write",   "service.certificate.put"],
  ["DELETE", "/services/:id/certificate",                    oauth.serviceCertificateRemove,   ADMINISTRATOR, "write",   "service.certificate.remove"],

  // tasks, consents, delegations
  ["POST", "/tasks",                                         delegation.tasksOpen,             ["person", "service"], "write", "task.open"],
  ["POST", "/agents/:name/tasks",                            delegation.tasksStart,            WORKLOADS,     "write",   "task.start"],
  ["GET",  "/tasks/:id",                                     delegation.tasksGet,              ["person", ...WORKLOADS], "read", "task.read"],
  ["POST", "/tasks/:id/close",                               delegation.tasksClose,            ["person", ...WORKLOADS], "write", "task.close"],
  ["POST", "/tasks/:id/steps",                               delegation.planSteps,             ["agent"],     "write",   "plan.report"],
  ["GET",  "/tasks/:id/tree",                                delegation.tasksTree,             ["person", ...WORKLOADS], "read", "task.tree"],
  ["GET",  "/tasks/:id/actions",                             delegation.tasksActions,          ["person", ...WORKLOADS], "read", "task.actions"],
  ["GET",  "/runbooks",                                      delegation.runbooksList,          PERSON,        "read",    "runbook.list"],
  ["GET",  "/runbooks/:name",                                delegation.runbooksGet,           PERSON,        "read",    "runbook.read"],
  ["PUT",  "/runbooks/:name",                                delegation.runbooksPut,           ADMINISTRATOR, "write",   "runbook.approve"],
  ["GET",  "/tasks/:task/trace",                             governance.taskTrace,             PERSON,        "read",    "task.trace"],
  ["GET",  "/consents",                                      delegation.consentsList,          PERSON,        "read",    "consent.list"],
  ["GET",  "/consents/:id",                                  delegation.consentsGet,           PERSON,        "read",    "consent.read"],
  ["POST", "/consents/:id",                                  delegation.consentsGive,          PERSON,        "write",   "consent.give"],
  ["POST", "/consents/:id/refuse",                           delegation.consentsRefuse,        PERSON,        "write",   "consent.refuse"],
  ["POST", "/delegations",                                   delegationsExtend,                ["agent"],     "write",   "delegation.extend"],
  ["GET",  "/delegations",                                   delegation.delegationsHeld,       ["agent"],     "read",    "delegation.list"],
  ["GET",  "/delegations/:id/ticket",                        delegation.delegationsTicket,     ["person", "agent"], "read", "delegation.ticket"],
  ["POST", "/delegations/:id/end",                           delegation.delegationsEnd,        ["person", "agent"], "write", "delegation.end"],

  // approvals
  ["GET",  "/approvals",                                     approvals.approvalList,           PERSON,        "read",    "approval.list"],
  ["GET",  "/approvals/:id",                                 approvals.approvalShow,           PERSON,        "read",    "approval.read"],
  ["POST", "/approvals/:id/receipts",                        approvals.approvalAnswer,         PERSON,        "write",   "approval.answer"],

  // the registry
  ["GET",  "/agents",                                        registry.agentList,               PERSON,        "read",    "agent.list"],
  ["POST", "/agents",                                        registry.agentCreate,             PERSON,        "write",   "agent.register"],
  ["POST", "/children",                                      agentsChild,                      ["agent"],     "write",   "agent.register-child"],
  ["GET",  "/agents/:name",                                  registry.agentShow,               PERSON,        "read",    "agent.read"],
  ["GET",  "/agents/:name/standing",                         catalog.agentStandingShow,        ["person", "service"], "read", "agent.standing"],
  ["GET",  "/instances/standing",                            catalog.instanceStandingShow,     ["person", "service"], "read", "instance.standing"],
  ["GET",  "/agent-changes",                                 registry.agentChangeList,         ["person", "service"], "read", "agent.changes"],
  ["PATCH","/agents/:name",                                  registry.agentChange,             PERSON,        "write",   "agent.update"],
  ["POST", "/agents/:name/suspend",                          registry.agentSuspend,            PERSON,        "write",   "agent.suspend"],
  ["POST", "/agents/:name/owner",                            registry.agentHandOver,           PERSON,        "write",   "agent.hand-over"],
  ["POST", "/agents/:name/resume",                           registry.agentResume,             PERSON,        "write",   "agent.resume"],
  ["POST", "/agents/:name/decommission",                     registry.agentDecommission,       PERSON,        "write",   "agent.decommission"],
  ["GET",  "/agents/:name/risk",                             threats.agentRisk,                PERSON,        "read",    "risk.read"],
  ["GET",  "/agents/:name/instances",                        registry.agentInstances,          PERSON,        "read",    "instance.list"],
  ["POST", "/instances/end",                                 registry.instanceEnd,             PERSON,        "write",   "instance.end"],
  ["GET",  "/people",                                        registry.personList,              READERS,       "read",    "person.list"],
  ["POST", "/people",                                        registry.personCreate,            ADMINISTRATOR, "write",   "person.register"],
  ["GET",  "/people/:id",                                    registry.personShow,              READERS,       "read",    "person.read"],
  ["PATCH","/people/:id",                                    registry.personChange,            ADMINISTRATOR, "write",   "person.update"],
  ["POST", "/people/:id/suspend",                            registry.personSuspend,           ADMINISTRATOR, "write",   "person.suspend"],
  ["POST", "/people/:id/resume",                             registry.personResume,            ADMINISTRATOR, "write",   "person.resume"],
  ["POST", "/people/:id/depart",                             registry.personDepart,            ADMINISTRATOR, "write",   "person.depart"],
  ["POST", "/people/:id/handover",                           registry.personHandOver,          PERSON,        "write",   "person.hand-over"],
  ["GET",  "/accounts",                                      registry.accountList,             PERSON,        "read",    "account.list"],
  ["POST", "/accounts",                                      registry.accountAdd,              ADMINISTRATOR, "write",   "account.add"],
  ["GET",  "/accounts/:id",                                  registry.accountShow,             PERSON,        "read",    "account.read"],
  ["PATCH","/accounts/:id",                                  registry.accountChange,           ADMINISTRATOR, "write",   "account.update"],
  ["POST", "/accounts/:id/adopt",                            registry.accountAdopt,            PERSON,        "write",   "account.adopt"],
  ["POST", "/accounts/:id/retire",                           registry.accountRetire,           ADMINISTRATOR, "write",   "account.retire"],
  ["GET",  "/services",                                      registry.serviceList,             PERSON,        "read",    "service.list"],
  ["POST", "/services",                                      registry.serviceCreate,           ADMINISTRATOR, "write",   "service.register"],
  ["GET",  "/services/:id",                                  registry.serviceShow,             PERSON,        "read",    "service.read"],
  ["PATCH","/services/:id",                                  registry.serviceChange,           PERSON,        "write",   "service.update"],
  ["POST", "/services/:id/suspend",                          registry.serviceSuspend,          PERSON,        "write",   "service.suspend"],
  ["POST", "/services/:id/resume",                           registry.serviceResume,           PERSON,        "write",   "service.resume"],
  ["GET",  "/teams",                                         registry.teamList,                PERSON,        "read",    "team.list"],
  ["GET",  "/teams/:name",                                   registry.teamShow,                PERSON,        "read",    "team.read"],
  ["PUT",  "/teams/:name",                                   registry.teamPut,                 ADMINISTRATOR, "write",   "team.register"],
  ["GET",  "/groups",                                        registry.groupList,               READERS,       "read",    "group.list"],
  ["GET",  "/groups/:name",                                  registry.groupShow,               READERS,       "read",    "group.read"],
  ["PUT",  "/groups/:name",                                  registry.groupPut,                ADMINISTRATOR, "write",   "group.define"],

  // the catalog
  ["GET",  "/servers",                                       catalog.serverList,               PERSON,        "read",    "server.list"],
  ["PUT",  "/servers/:server",                               policy.serverPut,                 ADMINISTRATOR, "write",   "server.define"],
  ["GET",  "/tools",                                         catalog.toolList,                 PERSON,        "read",    "tool.list"],
  ["GET",  "/servers/:server/tools/:tool",                   catalog.toolShow,                 PERSON,        "read",    "tool.read"],
  ["PUT",  "/servers/:server/tools/:tool",                   policy.toolPut,                   ADMINISTRATOR, "write",   "tool.define"],

  // policies and manifests
  ["GET",  "/policies",                                      policy.getActivePolicies,         OVERSEERS,     "read",    "policy.read"],
  ["POST", "/policies/check",                                policy.postPolicyCheck,           OVERSEERS,     "write",   "policy.check"],
  ["POST", "/policies/activate",                             policy.postPolicyActivation,      PUBLISHER,     "write",   "policy.activate"],
  ["POST", "/policies/rollback",                             policy.postPolicyRollback,        PUBLISHER,     "write",   "policy.rollback"],
  ["GET",  "/policies/activations",                          policy.getPolicyActivations,      OVERSEERS,     "read",    "policy.activations"],
  ["GET",  "/policies/versions",                             policy.getPolicyVersions,         OVERSEERS,     "read",    "policy.versions"],
  ["POST", "/policies/versions",                             policy.postPolicyVersion,         AUTHORS,       "write",   "policy.store"],
  ["GET",  "/policies/versions/:version",                    policy.getPolicyVersion,          OVERSEERS,     "read",    "policy.version"],
  ["POST", "/policies/diff",                                 policy.postPolicyDiff,            OVERSEERS,     "write",   "policy.diff"],
  ["POST", "/policies/replay",                               policy.postReplay,                OVERSEERS,     "write",   "policy.replay"],
  ["POST", "/policies/simulate",                             policy.postSimulation,            OVERSEERS,     "write",   "policy.simulate"],
  ["GET",  "/policies/shadow",                               policy.getShadow,                 OVERSEERS,     "read",    "policy.shadow.read"],
  ["POST", "/policies/shadow",                               policy.postShadow,                AUTHORS,       "write",   "policy.shadow.start"],
  ["DELETE", "/policies/shadow",                             policy.deleteShadow,              AUTHORS,       "write",   "policy.shadow.stop"],
  ["GET",  "/policies/canary",                               policy.getCanary,                 OVERSEERS,     "read",    "policy.canary.read"],
  ["POST", "/policies/canary",                               policy.postCanary,                PUBLISHER,     "write",   "policy.canary.start"],
  ["DELETE", "/policies/canary",                             policy.deleteCanary,              PUBLISHER,     "write",   "policy.canary.stop"],
  ["GET",  "/policies/observe",                              policy.getObserving,              OVERSEERS,     "read",    "policy.observe.read"],
  ["POST", "/policies/observe",                              policy.postObserving,             PUBLISHER,     "write",   "policy.observe.start"],
  ["DELETE", "/policies/observe",                            policy.deleteObserving,           PUBLISHER,     "write",   "policy.observe.stop"],
  ["GET",  "/decisions/:id",                                 policy.getDecision,               PERSON,        "read",    "decision.read"],
  ["POST", "/manifest/plan",                                 manifest.manifestPlan,            ADMINISTRATOR, "write",   "manifest.plan"],
  ["POST", "/manifest/apply",                                manifest.manifestApply,           ADMINISTRATOR, "write",   "manifest.apply"],

  // the decision point for others (AuthZEN)
  ["GET",  "/.well-known/authzen-configuration",             authzen.authzenConfiguration,     ANYONE,        "read",    "authzen.metadata"],
  ["POST", "/access/v1/evaluation",                          authzen.accessEvaluation,         ASKERS,        "decision", "authzen.evaluate"],
  ["POST", "/access/v1/evaluations",                         authzen.accessEvaluations,        ASKERS,        "decision", "authzen.evaluate-all"],
  ["POST", "/access/v1/search/subject",                      authzen.searchSubject,            ASKERS,        "read",    "authzen.search-subject"],
  ["POST", "/access/v1/search/resource",                     authzen.searchResource,           ASKERS,        "read",    "authzen.search-resource"],
  ["POST", "/access/v1/search/action",                       authzen.searchAction,             ASKERS,        "read",    "authzen.search-action"],
  ["GET",  "/authzen/applications",                          authzen.applicationList,          READERS,       "read",    "application.list"],
  ["GET",  "/authzen/applications/:name",                    authzen.applicationShow,          PERSON,        "read",    "application.read"],
  ["PUT",  "/authzen/applications/:name",                    authzen.applicationPut,           PERSON,        "write",   "application.define"],
  ["GET",  "/authzen/applications/:name/versions",           authzen.applicationVersionList,   PERSON,        "read",    "application.versions"],
  ["GET",  "/authzen/applications/:name/decisions/:id",      authzen.applicationDecisionShow,  PERSON,        "read",    "application.decision"],

  // people prove themselves
  ["GET",  "/login",                                         login.loginPage,                  ANYONE,        "page",    "page.read"],
  ["GET",  "/login/assets/:file",                            login.loginAsset,                 ANYONE,        "page",    "page.asset"],
  ["GET",  "/login/proof/:file",                             login.loginProofRootModule,       ANYONE,        "page",    "page.proof-root"],
  ["GET",  "/login/proof/:folder/:file",                     login.loginProofModule,           ANYONE,        "page",    "page.proof"],
  ["POST", "/login/first-administrator/begin",               login.firstAdministratorBegin,    ANYONE,        "sign-in", "first-administrator.begin"],
  ["POST", "/login/first-administrator/finish",              login.firstAdministratorFinish,   ANYONE,        "sign-in", "first-administrator.finish"],
  ["POST", "/login/enrolment/begin",                         login.enrolmentBegin,             ANYONE,        "sign-in", "passkey.enrol.begin"],
  ["POST", "/login/enrolment/finish",                        login.enrolmentFinish,            ANYONE,        "sign-in", "passkey.enrol.finish"],
  ["POST", "/login/sign-in/begin",                           login.signInBegin,                ANYONE,        "sign-in", "sign-in.begin"],
  ["POST", "/login/sign-in/finish",                          login.signInFinish,               ANYONE,        "sign-in", "sign-in.finish"],
  ["POST", "/login/sign-out",                                login.signOut,                    PERSON,        "sign-in", "session.end"],
  ["POST", "/login/terminal-code",                           login.terminalCode,               PERSON,        "sign-in", "terminal.code"],
  ["POST", "/login/terminal",                                login.terminalExchange,           ANYONE,        "sign-in", "terminal.exchange"],
  ["GET",  "/login/whoami",                                  login.whoAmI,                     PERSON,        "read",    "whoami.read"],
  ["POST", "/people/:id/enrolment-link",                     login.enrolmentLink,              ADMINISTRATOR, "write",   "link.issue"],
  ["PUT",  "/people/:id/roles/:role",                        login.roleGrant,                  ADMINISTRATOR, "write",   "role.grant"],
  ["DELETE", "/people/:id/roles/:role",                      login.roleWithdraw,               ADMINISTRATOR, "write",   "role.withdraw"],
  ["GET",  "/identity-providers",                            login.identityProviderList,       READERS,       "read",    "identity-provider.list"],
  ["GET",  "/identity-providers/:name",                      login.identityProviderShow,       READERS,       "read",    "identity-provider.read"],
  ["PUT",  "/identity-providers/:name",                      login.identityProviderPut,        ADMINISTRATOR, "write",   "identity-provider.define"],
  ["DELETE", "/identity-providers/:name",                    login.identityProviderEnd,        ADMINISTRATOR, "write",   "identity-provider.end"],
  ["PUT",  "/people/:id/subjects/:provider",                 login.subjectPut,                 ADMINISTRATOR, "write",   "subject.link"],
  ["DELETE", "/people/:id/subjects/:provider",               login.subjectEnd,                 ADMINISTRATOR, "write",   "subject.unlink"],

  // the log
  ["GET",  "/audit/key",                                     audit.auditKey,                   ANYONE,        "read",    "audit.key"],
  ["GET",  "/audit/checkpoint",                              audit.auditCheckpoint,            READERS,       "read",    "audit.checkpoint"],
  ["GET",  "/audit/tile/*",                                  audit.auditTile,                  READERS,       "read",    "audit.tile"],
  ["GET",  "/audit/events",                                  audit.auditEvents,                READERS,       "read",    "audit.events"],
  ["GET",  "/audit/events/:event/evidence",                  audit.auditEvidence,              READERS,       "read",    "audit.evidence"],
];

export const endpoints: readonly Endpoint<ServerDeps>[] = ROWS.map(
  ([method, path, route, who, rate, attempt, mtls]) => {
    const row = {
      method,
      path,
      who,
      rate,
      audit: attempt,
      ...(mtls === undefined ? {} : { mtls: true as const }),
    };
    return { ...row, route: decided(row, route) };
  },
);
