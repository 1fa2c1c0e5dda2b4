/**
 * What this decision point offers and where.
 * @see https://openid.net/specs/authorization-api-1_0.html (PDP metadata)
 */
export const metadataFor = (issuer: string) => ({
  policy_decision_point: issuer,
  access_evaluation_endpoint: `${issuer}${PATHS.evaluation}`,
  access_evaluations_endpoint: `${issuer}${PATHS.evaluations}`,
  search_subject_endpoint: `${issuer}${PATHS.subject}`,
  search_resource_endpoint: `${issuer}${PATHS.resource}`,
  search_action_endpoint: `${issuer}${PATHS.action}`,
});

/** Where the endpoints are; the table of endpoints places them so. */
export const PATHS = {
  evaluation: "/access/v1/evaluation",
  evaluations: "/access/v1/evaluations",
  subject: "/access/v1/search/subject",
  resource: "/access/v1/search/resource",
  action: "/access/v1/search/action",
} as const;
