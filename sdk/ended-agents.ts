/** Agents that have ended or at some time lost something (suspended, blocked, narrowed), as far as was heard here. */
export interface EndedAgents {
  /** Hears what has died. */
  hear(deadKey: string): void;
  /** Whether that can be said of this agent, whatever became of it since. */
  has(agent: string): boolean;
}

/**
 * A root carries the epochs of its agents, the links that hang on it do not: whoever is offline cannot know whether
 * an agent that was suspended has been resumed since, or what it may do by now. So it counts as ended, and the
 * token endpoint is asked.
 */
export function createEndedAgents(): EndedAgents {
  const names = new Set<string>();
  return {
    hear(deadKey) {
      const [, name] = /^agent:([^#/]+)/.exec(deadKey) ?? [];
      if (name !== undefined) names.add(name);
    },
    has: (agent) => names.has(agent),
  };
}
