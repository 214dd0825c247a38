import * as v from "valibot";
import type { FrontendDescription } from "../../frontend/frontend.js";
import type { ModelOptions } from "../model.js";

/** A published training without its data: the part of recipe.json that the publication fixes. */
export interface PublishedRecipe {
  readonly model: { readonly name: string; readonly options: ModelOptions };
  readonly frontend: FrontendDescription;
  readonly task: {
    /** "all": every word of the data is a label, and there is neither silence nor unknown; the ten command words where missing. */
    readonly words?: "all" | readonly string[];
    readonly silence?: boolean;
    readonly unknown?: boolean;
    readonly silencePercentage: number;
    readonly unknownPercentage: number;
  };
  readonly sampling: {
    readonly order: "uniform" | "walk" | "epochs" | "balanced";
    /** Whether the last clips of a pass, which fill no batch, are left out. */
    readonly wholeBatches?: boolean;
    readonly shares?: Readonly<Record<string, number>>;
  };
  /** Samples of a clip; a second where missing. */
  readonly samples?: number;
  /** Weight of the loss of a label's clips. */
  readonly classWeights?: Readonly<Record<string, number>>;
  readonly augmentation: {
    readonly waveform: Readonly<Record<string, number>>;
    /** What is done to sounds as spectrograms, in the place of `waveform`. */
    readonly spectrogram?: Readonly<Record<string, number | readonly [number, number]>>;
    readonly specAugment: Readonly<Record<string, number | boolean>> | null;
  };
  /** Update rule with its constants (`train/recipe.ts`). */
  readonly optimizer: { readonly kind: string; readonly [constant: string]: number | boolean | string };
  /** Learning rates over the steps (`train/recipe.ts`). */
  readonly schedule: { readonly kind: string; readonly [constant: string]: number | string | readonly number[] };
  /** Factor of the sum of the squared weights in the loss; 0 where missing. */
  readonly l2?: number;
  /** What that is about: every kernel where missing. */
  readonly l2Parameters?: "all" | readonly string[];
  /** Shares kept of the matrices of recurrent layers. */
  readonly sparsity?: { readonly w: number; readonly u: number };
  /** Most short passes of a rolling training. */
  readonly rolling?: { readonly maxLength: number };
  readonly batch: number;
  readonly steps: number;
  readonly validateEvery: number;
}

const text = v.pipe(v.string(), v.minLength(1));

/** Schema of the file of a published training; its recipe is checked against `train/recipe.ts`, which knows what there is. */
export const publishedTrainingSchema = v.strictObject({
  /** One line for lists. */
  title: text,
  /** What the published training was of. */
  data: text,
  /** What the publication says of the trained model, and where. */
  published: v.strictObject({
    source: text,
    /** Per cent; empty where none is published. */
    accuracy: v.string(),
    parameters: v.optional(text),
    /** Units of 1000 bytes. */
    memory: v.optional(text),
    operations: v.optional(text),
  }),
  /** Where the hyperparameters stand. */
  trainingFrom: text,
  /** Where the recipe differs from the publication, and why. */
  notes: v.optional(v.array(text), []),
  recipe: v.custom<PublishedRecipe>(isRecipe, "it must be a recipe with a model, a front end and steps"),
});

/** A published training: hyperparameters, figures and their sources. */
export interface PublishedTraining extends Readonly<v.InferOutput<typeof publishedTrainingSchema>> {
  /** "hello_edge_ds_cnn_s": folder and file of the recipe. */
  readonly name: string;
}

function isRecipe(value: unknown): boolean {
  const shape = v.looseObject({ model: v.object({ name: text }), frontend: v.looseObject({ kind: text }), steps: v.number() });
  return v.is(shape, value);
}
