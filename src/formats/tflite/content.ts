import type { Quantization } from "../../graph/types.js";
import type { BuiltinOperator, OptionName, TfliteType } from "./schema.js";

/** A tensor of a subgraph. */
export interface TfliteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TfliteType;
  /** Constant content, little endian. */
  readonly data?: Uint8Array;
  readonly quantization?: Quantization;
}

export interface TfliteOptions {
  readonly table: OptionName;
  readonly values: Readonly<Record<string, number | string>>;
}

/** One operator; inputs and outputs are indices of tensors. */
export interface TfliteOperator {
  readonly code: BuiltinOperator;
  readonly version: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: TfliteOptions;
  /** With code CUSTOM: the operator's name and its options as a FlexBuffer. */
  readonly custom?: { readonly name: string; readonly options: Uint8Array };
}

/** Everything that a .tflite file says: one subgraph, the network, and perhaps a second one that prepares its variables. */
export interface TfliteContent {
  readonly description: string;
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  /** Indices of tensors, with the names that the signature gives them. */
  readonly inputs: readonly { readonly name: string; readonly tensor: number }[];
  readonly outputs: readonly { readonly name: string; readonly tensor: number }[];
  /** What CALL_ONCE of subgraph 1 does before the first run. */
  readonly initialisation?:
    | { readonly tensors: readonly TfliteTensor[]; readonly operators: readonly TfliteOperator[] }
    | undefined;
  /** Named texts beside the network. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}
