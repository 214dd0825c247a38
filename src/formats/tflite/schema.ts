/**
 * Numbers of TFLite's FlatBuffers schema (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3) that the
 * writer and the reader of metadata need.
 */

export const schemaVersion = 3;
export const fileIdentifier = "TFL3";

export const tensorType = {
  float32: 0,
  int32: 2,
  uint8: 3,
  int64: 4,
  bool: 6,
  int16: 7,
  complex64: 8,
  int8: 9,
  resource: 13,
} as const;
export type TfliteType = keyof typeof tensorType;

export const padding = { same: 0, valid: 1 } as const;

export const activation = { none: 0, relu: 1, relu_n1_to_1: 2, relu6: 3 } as const;
export type Activation = keyof typeof activation;

/** Codes of builtin operators. */
export const builtinOperator = {
  ADD: 0,
  AVERAGE_POOL_2D: 1,
  CONCATENATION: 2,
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 4,
  DEQUANTIZE: 6,
  FULLY_CONNECTED: 9,
  LOGISTIC: 14,
  MAX_POOL_2D: 17,
  MUL: 18,
  RELU: 19,
  RELU_N1_TO_1: 20,
  RELU6: 21,
  RESHAPE: 22,
  SOFTMAX: 25,
  TANH: 28,
  CUSTOM: 32,
  PAD: 34,
  GATHER: 36,
  TRANSPOSE: 39,
  MEAN: 40,
  SUB: 41,
  DIV: 42,
  SQUEEZE: 43,
  STRIDED_SLICE: 45,
  EXP: 47,
  SPLIT: 49,
  LOG_SOFTMAX: 50,
  CAST: 53,
  MAXIMUM: 55,
  MINIMUM: 57,
  NEG: 59,
  LESS: 58,
  GREATER: 61,
  GREATER_EQUAL: 62,
  LESS_EQUAL: 63,
  SELECT: 64,
  SLICE: 65,
  EXPAND_DIMS: 70,
  LOG: 73,
  SUM: 74,
  SQRT: 75,
  RSQRT: 76,
  EQUAL: 71,
  NOT_EQUAL: 72,
  SHAPE: 77,
  REDUCE_MAX: 82,
  PACK: 83,
  UNPACK: 88,
  SQUARE: 92,
  FILL: 94,
  ABS: 101,
  SPLIT_V: 102,
  QUANTIZE: 114,
  ROUND: 116,
  SELECT_V2: 123,
  BATCH_MATMUL: 126,
  CALL_ONCE: 129,
  BROADCAST_TO: 130,
  RFFT2D: 131,
  IMAG: 133,
  REAL: 134,
  VAR_HANDLE: 142,
  READ_VARIABLE: 143,
  ASSIGN_VARIABLE: 144,
  SIGN: 158,
} as const;
export type BuiltinOperator = keyof typeof builtinOperator;

type SlotKind = "i8" | "i32" | "bool" | "f32" | "text";

/** A table of builtin options: its number in the union BuiltinOptions, its number of slots, and the slots that are written. */
export interface OptionTable {
  readonly union: number;
  readonly slots: number;
  /** Slot, type and the schema's default. */
  readonly fields: Readonly<Record<string, readonly [slot: number, kind: SlotKind, fallback: number]>>;
}

const fusable = (union: number): OptionTable => ({ union, slots: 1, fields: { activation: [0, "i8", 0] } });
/** Sums: of 16 bits either with shifts between scales that are powers of 2 (the default), or as those of 8 bits. */
const sum = (union: number): OptionTable => ({
  union,
  slots: 2,
  fields: { activation: [0, "i8", 0], potScaleInt16: [1, "bool", 1] },
});
const empty = (union: number): OptionTable => ({ union, slots: 0, fields: {} });

/** Builtin options by their name in the schema, without "Options". */
export const optionTables = {
  Conv2D: {
    union: 1,
    slots: 7,
    fields: {
      padding: [0, "i8", 0],
      strideW: [1, "i32", 0],
      strideH: [2, "i32", 0],
      activation: [3, "i8", 0],
      dilationW: [4, "i32", 1],
      dilationH: [5, "i32", 1],
    },
  },
  DepthwiseConv2D: {
    union: 2,
    slots: 7,
    fields: {
      padding: [0, "i8", 0],
      strideW: [1, "i32", 0],
      strideH: [2, "i32", 0],
      depthMultiplier: [3, "i32", 0],
      activation: [4, "i8", 0],
      dilationW: [5, "i32", 1],
      dilationH: [6, "i32", 1],
    },
  },
  Pool2D: {
    union: 5,
    slots: 6,
    fields: {
      padding: [0, "i8", 0],
      strideW: [1, "i32", 0],
      strideH: [2, "i32", 0],
      filterWidth: [3, "i32", 0],
      filterHeight: [4, "i32", 0],
      activation: [5, "i8", 0],
    },
  },
  FullyConnected: {
    union: 8,
    slots: 4,
    fields: { activation: [0, "i8", 0], weightsFormat: [1, "i8", 0], keepDimensions: [2, "bool", 0] },
  },
  Softmax: { union: 9, slots: 1, fields: { beta: [0, "f32", 0] } },
  Concatenation: { union: 10, slots: 2, fields: { axis: [0, "i32", 0], activation: [1, "i8", 0] } },
  Add: sum(11),
  // The new shape itself is given as the second input.
  Reshape: empty(17),
  Mul: fusable(21),
  Pad: empty(22),
  Gather: { union: 23, slots: 2, fields: { axis: [0, "i32", 0], batchDimensions: [1, "i32", 0] } },
  Transpose: empty(26),
  Reducer: { union: 27, slots: 1, fields: { keepDimensions: [0, "bool", 0] } },
  Sub: sum(28),
  Div: fusable(29),
  StridedSlice: {
    union: 32,
    slots: 6,
    fields: {
      beginMask: [0, "i32", 0],
      endMask: [1, "i32", 0],
      ellipsisMask: [2, "i32", 0],
      newAxisMask: [3, "i32", 0],
      shrinkAxisMask: [4, "i32", 0],
      offset: [5, "bool", 0],
    },
  },
  Exp: empty(33),
  LogSoftmax: empty(36),
  Cast: { union: 37, slots: 2, fields: { from: [0, "i8", 0], to: [1, "i8", 0] } },
  MaximumMinimum: empty(39),
  Neg: empty(42),
  Greater: empty(44),
  Equal: empty(53),
  NotEqual: empty(54),
  SelectV2: empty(98),
  Square: empty(66),
  Abs: empty(78),
  Squeeze: empty(30),
  Split: { union: 35, slots: 1, fields: { splits: [0, "i32", 0] } },
  Dequantize: empty(38),
  Slice: empty(48),
  ExpandDims: empty(52),
  Shape: empty(55),
  Pack: { union: 59, slots: 2, fields: { count: [0, "i32", 0], axis: [1, "i32", 0] } },
  Unpack: { union: 64, slots: 2, fields: { count: [0, "i32", 0], axis: [1, "i32", 0] } },
  Fill: empty(68),
  SplitV: { union: 79, slots: 1, fields: { splits: [0, "i32", 0] } },
  Quantize: empty(89),
  BatchMatMul: { union: 101, slots: 3, fields: { adjointX: [0, "bool", 0], adjointY: [1, "bool", 0] } },
  CallOnce: { union: 103, slots: 1, fields: { subgraph: [0, "i32", 0] } },
  VarHandle: { union: 111, slots: 2, fields: { container: [0, "text", 0], sharedName: [1, "text", 0] } },
  ReadVariable: empty(112),
  AssignVariable: empty(113),
  BroadcastTo: empty(104),
  Rfft2d: empty(105),
  Sign: empty(123),
} as const satisfies Record<string, OptionTable>;
export type OptionName = keyof typeof optionTables;
