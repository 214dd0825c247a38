import type { FrontendDescription } from "../frontend/frontend.js";
import type { Graph, ParameterData } from "../graph/types.js";
import type { StreamingGraph } from "../passes/stream.js";

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a step of a stream takes: samples, or frames of features. */
export type StreamInput = "audio" | "features";

/** A model's clip graph as a streaming one (`passes/stream.ts`), behind its front end where a step takes samples. */
export interface ModelStreamGraph {
  readonly input: StreamInput;
  /** Input "audio" or "features" f32 [1, chunk, ...], output "logits" [results, labels]; parameters are those of the clip's graph. */
  readonly graph: StreamingGraph;
}

/** A keyword spotter: what it computes, from which features, with which weights, and what it answers. */
export interface Model {
  /** Input "features" [1, frames, coefficients], output "logits" [1, labels]; f32, or i8 or i16 with a quantization. */
  readonly graph: Graph;
  /** Input "audio" [1, samples] f32 in [-1, 1), output "features". */
  readonly frontend: Graph;
  /** What the front end was built from: { kind, ...options }. */
  readonly frontendDescription: FrontendDescription;
  /** One text a logit. */
  readonly labels: readonly string[];
  /** Values of the graph's parameters and buffers by name, row-major. */
  readonly parameters: Map<string, ParameterData>;
  /** How it was trained and how good it was then: recipe, seed, data, accuracy. */
  readonly training: { readonly [key: string]: Json };
  /** Licence of the weights and attribution of the data. */
  readonly licence: string;
  /** How it listens, where the file says so ('earshot stream --out'). */
  readonly stream?: ModelStreamGraph | undefined;
}
