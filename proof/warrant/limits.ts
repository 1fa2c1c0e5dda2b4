/** What a chain may be at most, whoever made it: judging it stays cheap. */
export const warrantLimits = {
  /** Links of a chain, the root included. */
  links: 8,
  /** Links where the verifier says nothing else. */
  usualLinks: 4,
  /** Characters of one link. */
  link: 16_384,
  /** Characters of all links together. */
  chain: 65_536,
  /** Seconds from `iat` to `exp`. */
  life: 3_600,
  /** Audiences of a link. */
  audiences: 64,
} as const;
