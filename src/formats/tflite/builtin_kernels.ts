import { BoundedReader } from "./bounded_reader.js";

const most = 1 << 16;
/** TensorType of the 8-bit integers (schema.fbs): UINT8 and INT8. */
const eightBits = [3, 9];
/** Bytes that a tensor's new parameters take: table, scale and zero point. */
const recordBytes = 40;
/** Table layout of QuantizationParameters with scale, zero_point and quantized_dimension (schema.fbs: fields 2, 3 and 6). */
const layout = [18, 16, 0, 0, 4, 8, 0, 0, 12];
const layoutBytes = 24;

/** An 8-bit tensor with one scale, as the file has it. */
interface QuantizedTensor {
  /** Byte of the offset that leads to its quantization parameters. */
  readonly link: number;
  readonly scale: number;
  readonly zeroPoint: number;
}

/**
 * The same network, but every 8-bit tensor with one scale says that its scales lie along axis 1. With one scale that means nothing, and
 * LiteRT's own kernels do not look at it; XNNPACK leaves such operators to them (xnnpack_delegate.cc, CheckTensorFloat32OrQUInt8Type:
 * quantized_dimension must be 0). LiteRT's packages for JavaScript have no other way to its own kernels. The bytes themselves where there
 * is no such tensor.
 * @param file name for error messages
 * @throws FormatError where the bytes are no .tflite file
 */
export function forBuiltinKernels(bytes: Uint8Array, file: string): Uint8Array {
  const tensors = quantizedTensors(new BoundedReader(bytes, file));
  if (tensors.length === 0) return bytes;
  const start = Math.ceil(bytes.length / 8) * 8;
  const out = new Uint8Array(start + layoutBytes + recordBytes * tensors.length);
  out.set(bytes);
  const view = new DataView(out.buffer);
  layout.forEach((entry, i) => view.setUint16(start + 2 * i, entry, true));
  tensors.forEach((tensor, i) => writeParameters(view, start + layoutBytes + recordBytes * i, start, tensor));
  return out;
}

function quantizedTensors(reader: BoundedReader): QuantizedTensor[] {
  return reader
    .tables(reader.root(), 2, most)
    .flatMap((subgraph) => reader.tables(subgraph, 0, most))
    .flatMap((tensor) => quantizedTensor(reader, tensor) ?? []);
}

/** Tensor (schema.fbs): shape, type and quantization are fields 0, 1 and 4. */
function quantizedTensor(reader: BoundedReader, tensor: number): QuantizedTensor | undefined {
  const type = reader.field(tensor, 1);
  const axes = reader.vector(reader.field(tensor, 0), 4)?.length ?? 0;
  const link = reader.field(tensor, 4);
  const parameters = reader.table(tensor, 4);
  // LiteRT refuses an axis that the tensor does not have.
  if (type === undefined || !eightBits.includes(reader.int8(type)) || axes < 2) return undefined;
  if (link === undefined || parameters === undefined || reader.field(parameters, 4) !== undefined) return undefined;
  const scales = reader.vector(reader.field(parameters, 2), 4);
  const zeroPoints = reader.vector(reader.field(parameters, 3), 8);
  if (scales?.length !== 1 || (zeroPoints?.length ?? 1) !== 1) return undefined;
  return { link, scale: reader.float32(scales.start), zeroPoint: zeroPoints ? reader.int32(zeroPoints.start) : 0 };
}

/** QuantizationParameters at byte `at`: the table, its one scale and its one zero point, of 64 bits and thus at a multiple of 8. */
function writeParameters(view: DataView, at: number, layoutAt: number, { link, scale, zeroPoint }: QuantizedTensor): void {
  view.setUint32(link, at - link, true);
  view.setInt32(at, at - layoutAt, true);
  view.setUint32(at + 4, 12, true);
  view.setUint32(at + 8, 20, true);
  view.setInt32(at + 12, 1, true);
  view.setUint32(at + 16, 1, true);
  view.setFloat32(at + 20, scale, true);
  view.setUint32(at + 28, 1, true);
  view.setBigInt64(at + 32, BigInt(zeroPoint), true);
}
