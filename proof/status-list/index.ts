/**
 * Token Status List: where strangers, who follow no feed, learn whether a token still holds. A list is a
 * compressed array of small numbers, signed; a token names its place in one.
 */

export {
  issueStatusList,
  requireValidStatus,
  type StatusList,
  type StatusListClaims,
  verifyStatusList,
} from "./status-list.ts";
export { decodeStatuses, encodeStatuses, packStatuses, STATUS, type StatusBits } from "./statuses.ts";
