import type { Model } from "../formats/model.js";

/** When a model counts a keyword as heard in a long sound. */
export interface ListeningRule {
  /** Smoothed probability from which on. */
  readonly threshold: number;
  /** Seconds over which probabilities are averaged. */
  readonly smoothing: number;
  /** Seconds after a detection in which there is no other. */
  readonly refractory: number;
}

/** Where a model brings no rule: the usual one, not tuned to any model. */
export const usualRule: ListeningRule = { threshold: 0.8, smoothing: 0.2, refractory: 1 };

/**
 * The rule that a model brings: the one chosen on a recording (`earshot evaluate --stream --choose-threshold --keep-threshold`), or the
 * threshold that its training has chosen, or nothing.
 */
export function listeningRuleOf({ training }: Pick<Model, "training">): Partial<ListeningRule> {
  const { listening } = training;
  if (typeof listening !== "object" || listening === null) {
    const threshold = thresholdOf({ training });
    return threshold === undefined ? {} : { threshold };
  }
  const values = listening as Record<string, unknown>;
  const rule = {
    threshold: within(values.threshold, 1),
    smoothing: within(values.smoothing, 10),
    refractory: within(values.refractory, 60),
  };
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined));
}

/** Probability from which on a keyword is accepted in a clip, where the training has chosen one. */
export function thresholdOf({ training }: Pick<Model, "training">): number | undefined {
  return within(training.threshold, 1);
}

function within(value: unknown, most: number): number | undefined {
  return typeof value === "number" && value >= 0 && value <= most ? value : undefined;
}
