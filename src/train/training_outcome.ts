import type { Origin } from "./checkpoint.js";
import type { LoaderMemory } from "./loader_memory.js";
import type { Recipe } from "./recipe.js";
import type { ClipSet } from "./sources.js";
import type { TrainingProfile } from "./training_profile.js";

/** What a training came to. */
export interface TrainingOutcome {
  run: string;
  recipe: Recipe;
  labels: readonly string[];
  /** Optimizer steps done. */
  steps: number;
  /** "steps": all were done; "patience": stopped early; "interrupted": saved, can go on. */
  end: "steps" | "patience" | "interrupted";
  /** Best validation; null where there are no validation clips. */
  bestAccuracy: number | null;
  bestStep: number;
  trainingClips: number;
  validationClips: number;
  testingClips: number;
  /** Step after which this call began; 0 where it was not a resumption. */
  resumedFrom: number;
  /** Of this call. */
  seconds: number;
  examplesPerSecond: number;
  /** Threads and memory of the loader. */
  loader: LoaderMemory;
  /** Where the time went; null unless asked for. */
  profile: TrainingProfile | null;
  origin: Origin;
  /** Clips on which the best model can be measured: the testing split of the sources, or their validation split. */
  measured: { split: "testing" | "validation"; sets: readonly ClipSet[] };
  notes: string[];
}
