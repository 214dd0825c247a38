import type { ModelOptions } from "../model.js";
import type { FrontendDescription } from "../../frontend/frontend.js";

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
  readonly optimizer:
    | { readonly kind: "adam"; readonly epsilon: number }
    | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov?: boolean };
  readonly schedule:
    | { readonly kind: "piecewise"; readonly rates: readonly number[]; readonly steps: readonly number[] }
    | { readonly kind: "exponential"; readonly first: number; readonly last: number }
    | { readonly kind: "cosine"; readonly rate: number; readonly last: number }
    | { readonly kind: "constant"; readonly rate: number };
  /** Factor of the sum of the squared weights in the loss; 0 where missing. */
  readonly l2?: number;
  /** Shares kept of the matrices of recurrent layers. */
  readonly sparsity?: { readonly w: number; readonly u: number };
  readonly batch: number;
  readonly steps: number;
  readonly validateEvery: number;
}
