import { Builder, type Offset } from "flatbuffers";
import type { Quantization } from "../../graph/types.js";
import type { TfliteContent, TfliteOperator, TfliteTensor } from "./content.js";
import { builtinOperator, fileIdentifier, type OptionTable, optionTables, schemaVersion, tensorType } from "./schema.js";

/** Alignment of tensor data that TFLite's delegates expect. */
const dataAlignment = 16;

/** Codes above are written as this one in the old 8-bit field. */
const placeholderCode = 127;

type Subgraph = Pick<TfliteContent, "tensors" | "operators" | "inputs" | "outputs">;

/** The bytes of a .tflite file; equal content gives equal bytes. */
export function serializeTflite(content: TfliteContent): Uint8Array {
  const builder = new Builder(1 << 16);
  const data: Uint8Array[] = [];
  /** Number of a buffer; 0 is the empty one that the schema asks for. */
  const bufferOf = (bytes: Uint8Array | undefined): number => (bytes ? data.push(bytes) : 0);
  const { initialisation } = content;
  const codes = distinctCodes([...content.operators, ...(initialisation?.operators ?? [])]);

  const subgraphOf = (name: string, part: Subgraph): Offset => {
    const tensors = part.tensors.map((t) => writeTensor(builder, t, bufferOf(t.data)));
    const operators = part.operators.map((o) =>
      writeOperator(
        builder,
        o,
        codes.findIndex((c) => codeKey(c) === codeKey(o)),
      ),
    );
    return writeSubgraph(builder, name, part, offsets(builder, tensors), offsets(builder, operators));
  };
  const all = [subgraphOf("main", content)];
  if (initialisation) all.push(subgraphOf("initialisation", { ...initialisation, inputs: [], outputs: [] }));
  const metadata = [...content.metadata].map(([name, bytes]) => {
    const text = builder.createString(name);
    return table(builder, 2, () => {
      builder.addFieldOffset(0, text, 0);
      builder.addFieldInt32(1, bufferOf(bytes), 0);
    });
  });
  const subgraphs = offsets(builder, all);
  const buffers = offsets(
    builder,
    [undefined, ...data].map((bytes) => writeBuffer(builder, bytes)),
  );
  const metadataVector = offsets(builder, metadata);
  const codeVector = offsets(
    builder,
    codes.map((o) => writeCode(builder, o)),
  );
  const signatures = offsets(builder, [writeSignature(builder, content)]);
  const description = builder.createString(content.description);
  const model = table(builder, 8, () => {
    builder.addFieldInt32(0, schemaVersion, 0);
    builder.addFieldOffset(1, codeVector, 0);
    builder.addFieldOffset(2, subgraphs, 0);
    builder.addFieldOffset(3, description, 0);
    builder.addFieldOffset(4, buffers, 0);
    builder.addFieldOffset(6, metadataVector, 0);
    builder.addFieldOffset(7, signatures, 0);
  });
  builder.finish(model, fileIdentifier);
  return builder.asUint8Array().slice();
}

function table(builder: Builder, slots: number, write: () => void): Offset {
  builder.startObject(slots);
  write();
  return builder.endObject();
}

function offsets(builder: Builder, items: readonly Offset[]): Offset {
  builder.startVector(4, items.length, 4);
  for (const item of items.toReversed()) builder.addOffset(item);
  return builder.endVector();
}

function integers(builder: Builder, items: readonly number[]): Offset {
  builder.startVector(4, items.length, 4);
  for (const item of items.toReversed()) builder.addInt32(item);
  return builder.endVector();
}

function writeBuffer(builder: Builder, bytes: Uint8Array | undefined): Offset {
  const vector = bytes && alignedBytes(builder, bytes);
  return table(builder, 1, () => {
    if (vector !== undefined) builder.addFieldOffset(0, vector, 0);
  });
}

function alignedBytes(builder: Builder, bytes: Uint8Array, alignment = dataAlignment): Offset {
  builder.startVector(1, bytes.length, alignment);
  for (let i = bytes.length - 1; i >= 0; i--) builder.writeInt8(bytes[i]);
  return builder.endVector();
}

function writeTensor(builder: Builder, tensor: TfliteTensor, buffer: number): Offset {
  const name = builder.createString(tensor.name);
  const shape = integers(builder, tensor.shape);
  const quantization = tensor.quantization && writeQuantization(builder, tensor.quantization);
  return table(builder, quantization === undefined ? 4 : 5, () => {
    builder.addFieldOffset(0, shape, 0);
    builder.addFieldInt8(1, tensorType[tensor.type], 0);
    builder.addFieldInt32(2, buffer, 0);
    builder.addFieldOffset(3, name, 0);
    if (quantization !== undefined) builder.addFieldOffset(4, quantization, 0);
  });
}

/** Table QuantizationParameters: scales, zero points of 64 bits, axis. */
function writeQuantization(builder: Builder, { scale, zeroPoint, axis }: Quantization): Offset {
  builder.startVector(4, scale.length, 4);
  for (const s of scale.toReversed()) builder.addFloat32(s);
  const scales = builder.endVector();
  const zeros = scale.map((_, i) => zeroPoint[i] ?? zeroPoint[0] ?? 0);
  builder.startVector(8, zeros.length, 8);
  for (const z of zeros.toReversed()) builder.addInt64(BigInt(z));
  const zeroPoints = builder.endVector();
  return table(builder, 7, () => {
    builder.addFieldOffset(2, scales, 0);
    builder.addFieldOffset(3, zeroPoints, 0);
    builder.addFieldInt32(6, axis ?? 0, 0);
  });
}

function writeOperator(builder: Builder, operator: TfliteOperator, code: number): Offset {
  const inputs = integers(builder, operator.inputs);
  const outputs = integers(builder, operator.outputs);
  const options = operator.options && writeOptions(builder, optionTables[operator.options.table], operator.options.values);
  const custom = operator.custom && alignedBytes(builder, operator.custom.options, 1);
  return table(builder, 7, () => {
    builder.addFieldInt32(0, code, 0);
    builder.addFieldOffset(1, inputs, 0);
    builder.addFieldOffset(2, outputs, 0);
    if (operator.options && options !== undefined) {
      builder.addFieldInt8(3, optionTables[operator.options.table].union, 0);
      builder.addFieldOffset(4, options, 0);
    }
    if (custom !== undefined) builder.addFieldOffset(5, custom, 0);
  });
}

function writeOptions(builder: Builder, options: OptionTable, values: Readonly<Record<string, number | string>>): Offset {
  const fields = Object.entries(values).map(([name, value]) => {
    const field = options.fields[name];
    if (!field) throw new Error(`option ${name} is not in the schema`);
    return { field, value: typeof value === "string" ? builder.createString(value) : value };
  });
  return table(builder, options.slots, () => {
    for (const { field, value } of fields) {
      const [slot, kind, fallback] = field;
      if (kind === "text") builder.addFieldOffset(slot, value, 0);
      else if (kind === "i32") builder.addFieldInt32(slot, value, fallback);
      else if (kind === "f32") builder.addFieldFloat32(slot, value, fallback);
      else builder.addFieldInt8(slot, value, fallback);
    }
  });
}

function codeKey(operator: TfliteOperator): string {
  return `${operator.code} ${operator.version} ${operator.custom?.name ?? ""}`;
}

/** The first operator of each kind and version. */
function distinctCodes(operators: readonly TfliteOperator[]): TfliteOperator[] {
  const found = new Map<string, TfliteOperator>();
  for (const operator of operators) if (!found.has(codeKey(operator))) found.set(codeKey(operator), operator);
  return [...found.values()];
}

function writeCode(builder: Builder, operator: TfliteOperator): Offset {
  const code = builtinOperator[operator.code];
  const custom = operator.custom && builder.createString(operator.custom.name);
  return table(builder, 4, () => {
    builder.addFieldInt8(0, Math.min(code, placeholderCode), 0);
    if (custom !== undefined) builder.addFieldOffset(1, custom, 0);
    builder.addFieldInt32(2, operator.version, 1);
    builder.addFieldInt32(3, code, 0);
  });
}

function writeSubgraph(builder: Builder, called: string, content: Subgraph, tensors: Offset, operators: Offset): Offset {
  const name = builder.createString(called);
  const inputs = integers(
    builder,
    content.inputs.map((i) => i.tensor),
  );
  const outputs = integers(
    builder,
    content.outputs.map((o) => o.tensor),
  );
  return table(builder, 5, () => {
    builder.addFieldOffset(0, tensors, 0);
    builder.addFieldOffset(1, inputs, 0);
    builder.addFieldOffset(2, outputs, 0);
    builder.addFieldOffset(3, operators, 0);
    builder.addFieldOffset(4, name, 0);
  });
}

function writeSignature(builder: Builder, content: TfliteContent): Offset {
  const maps = (list: TfliteContent["inputs"]): Offset =>
    offsets(
      builder,
      list.map(({ name, tensor }) => {
        const text = builder.createString(name);
        return table(builder, 2, () => {
          builder.addFieldOffset(0, text, 0);
          builder.addFieldInt32(1, tensor, 0);
        });
      }),
    );
  const inputs = maps(content.inputs);
  const outputs = maps(content.outputs);
  const key = builder.createString("serving_default");
  return table(builder, 5, () => {
    builder.addFieldOffset(0, inputs, 0);
    builder.addFieldOffset(1, outputs, 0);
    builder.addFieldOffset(2, key, 0);
  });
}
