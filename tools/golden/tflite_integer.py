"""tflite_integer.json: integer operators as TensorFlow Lite's reference kernels (BUILTIN_REF) compute them.

Needs tensorflow-cpu 2.21.0, numpy 2.4.6. Each case is a .tflite file of one operator, written with the wheel's own schema so that
shapes, scales and zero points are ours to choose: random, saturating, and with zero points at both ends of the range.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import flatbuffers
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

import golden_file
from golden_file import random

CASES = []
TYPES = {np.int8: schema.TensorType.INT8, np.int16: schema.TensorType.INT16, np.int32: schema.TensorType.INT32,
         np.float32: schema.TensorType.FLOAT32, np.uint8: schema.TensorType.UINT8}
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID


class Tensor:
    def __init__(self, name, dtype, shape, scale=None, zero_point=0, axis=None, data=None):
        self.name, self.dtype, self.shape, self.data = name, dtype, list(shape), data
        self.scale = None if scale is None else np.atleast_1d(np.asarray(scale, np.float32))
        self.zero_point, self.axis = zero_point, axis


def model_bytes(operator, options_type, options, version, inputs, output):
    """A .tflite of one operator; inputs with data are constants."""
    model = schema.ModelT()
    model.version = 3
    model.description = b"golden"
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = [], [], []
    for i, tensor in enumerate([*inputs, output]):
        entry = schema.TensorT()
        entry.name, entry.shape, entry.type, entry.buffer = tensor.name.encode(), tensor.shape, TYPES[tensor.dtype], 0
        if tensor.scale is not None:
            q = schema.QuantizationParametersT()
            q.scale = tensor.scale.tolist()
            q.zeroPoint = [tensor.zero_point] * len(tensor.scale)
            if tensor.axis is not None:
                q.quantizedDimension = tensor.axis
            entry.quantization = q
        if tensor.data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(tensor.data.astype(tensor.dtype)).tobytes(), np.uint8)
            entry.buffer = len(model.buffers)
            model.buffers.append(buffer)
        elif i < len(inputs):
            graph.inputs.append(i)
        graph.tensors.append(entry)
    graph.outputs = [len(inputs)]
    code = schema.OperatorCodeT()
    code.builtinCode, code.version = operator, version
    code.deprecatedBuiltinCode = min(operator, 127)
    model.operatorCodes = [code]
    node = schema.OperatorT()
    node.opcodeIndex, node.inputs, node.outputs = 0, list(range(len(inputs))), [len(inputs)]
    node.builtinOptionsType, node.builtinOptions = options_type, options
    graph.operators = [node]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def run(content, values):
    interpreter = tf.lite.Interpreter(
        model_content=content, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), values):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def quantization(tensor):
    result = {"scale": [float(s) for s in tensor.scale], "zeroPoint": tensor.zero_point}
    return result if tensor.axis is None else {**result, "axis": tensor.axis}


def record(name, op, attributes, operator, options, inputs, output, version=1, stored=None):
    """Runs the operator and keeps inputs (constants in our layout where `stored` says so), output and quantizations."""
    options_type, table = options
    content = model_bytes(operator, options_type, table, version, inputs, output)
    free = [t for t in inputs if t.data is None]
    values = [t.values for t in free]
    y = run(content, values)
    kept = {t.name: (t.values if t.data is None else t.data) for t in inputs}
    kept.update(stored or {})
    described = {t.name: quantization(t) for t in [*inputs, output] if t.scale is not None}
    CASES.append(golden_file.case(name, {"op": op, **attributes, "quantization": described}, kept, {"y": y}))


def draw(tensor, name, low=None, high=None):
    """Random integers of the tensor's whole range, or between the bounds, bounds included."""
    info = np.iinfo(tensor.dtype)
    low, high = info.min if low is None else low, info.max if high is None else high
    tensor.values = random(name, tensor.name).integers(low, high + 1, tensor.shape).astype(tensor.dtype)
    return tensor


def options_of(kind, **fields):
    table = getattr(schema, f"{kind}OptionsT")()
    for key, value in fields.items():
        setattr(table, key, value)
    return getattr(schema.BuiltinOptions, f"{kind}Options"), table


def convolution(name, shape, kernel, stride, dilation, padding, scales, zeros, depthwise=False, per_channel=True, activation=0,
                dtype=np.int8):
    kh, kw, ci, co = kernel
    generator = random(name, "scales")
    out = ci if depthwise else co
    w_scale = (0.002 + 0.02 * generator.random(out)).astype(np.float32) if per_channel else np.float32([0.011])
    weights = random(name, "kernel").integers(-127, 128, (kh, kw, ci) if depthwise else kernel).astype(np.int8)
    bias = random(name, "bias").integers(-3000, 3001, (out,)).astype(np.int32)
    x = draw(Tensor("x", dtype, shape, scales[0], zeros[0]), name)
    stored = weights[None] if depthwise else np.transpose(weights, (3, 0, 1, 2))
    axis = (3 if depthwise else 0) if per_channel else None
    w = Tensor("kernel", np.int8, stored.shape, w_scale, 0, axis, stored)
    b_scale = (np.float32(scales[0]) * w_scale).astype(np.float32)
    b = Tensor("bias", np.int32, (out,), b_scale, 0, 0 if per_channel else None, bias)
    size = [(-(-n // s)) if padding == SAME else (n - (k - 1) * d - 1) // s + 1
            for n, k, s, d in zip(shape[1:3], (kh, kw), stride, dilation)]
    y = Tensor("y", dtype, (shape[0], *size, out), scales[1], zeros[1])
    common = dict(padding=padding, strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0], dilationWFactor=dilation[1],
                  fusedActivationFunction=activation)
    # Without this field the kernel of 16-bit activations reads the bias as 64-bit integers.
    bias_type = {"quantizedBiasType": schema.TensorType.INT32} if dtype == np.int16 else {}
    options = options_of("DepthwiseConv2D", depthMultiplier=1, **common) if depthwise else options_of("Conv2D", **common, **bias_type)
    operator = schema.BuiltinOperator.DEPTHWISE_CONV_2D if depthwise else schema.BuiltinOperator.CONV_2D
    attributes = {"strides": stride, "dilations": dilation, "padding": "same" if padding == SAME else "valid", "activation": activation}
    record(name, "quantized_depthwise_conv2d" if depthwise else "quantized_conv2d", attributes, operator, options, [x, w, b], y,
           3 if per_channel else 2, {"kernel": (weights[..., None] if depthwise else weights).astype(np.int32)})


def convolutions():
    one, two = (1, 1), (2, 2)
    convolution("conv_3x3_same", (2, 7, 6, 3), (3, 3, 3, 5), one, one, SAME, (0.05, 0.09), (-3, 7))
    convolution("conv_10x4_stride2", (1, 25, 10, 1), (10, 4, 1, 19), two, one, SAME, (0.6, 0.4), (83, -128), activation=1)
    convolution("conv_valid_dilated", (1, 11, 8, 4), (3, 2, 4, 9), (2, 1), (2, 3), VALID, (0.02, 0.05), (-128, 127))
    convolution("conv_1x1_wide", (1, 5, 4, 33), (1, 1, 33, 37), one, one, SAME, (0.04, 0.3), (127, -20))
    convolution("conv_saturates", (1, 4, 4, 8), (3, 3, 8, 6), one, one, SAME, (0.1, 0.004), (0, 0))
    convolution("conv_relu6", (1, 6, 5, 3), (2, 3, 3, 4), one, one, SAME, (0.03, 6 / 255), (-5, -128), activation=3)
    convolution("conv_per_tensor", (1, 6, 5, 3), (2, 3, 3, 4), one, one, SAME, (0.03, 0.07), (11, -7), per_channel=False)
    convolution("conv_factor_above_1", (1, 3, 3, 2), (1, 1, 2, 4), one, one, SAME, (0.9, 0.003), (2, 5))
    convolution("conv_int16", (1, 6, 5, 3), (2, 3, 3, 4), one, one, SAME, (0.0003, 0.03), (0, 0), dtype=np.int16)
    convolution("depthwise_3x3_same", (2, 7, 6, 5), (3, 3, 5, 1), one, one, SAME, (0.05, 0.04), (-3, 7), depthwise=True)
    convolution("depthwise_time", (1, 13, 1, 21), (4, 1, 21, 1), one, one, VALID, (0.02, 0.03), (-128, 12), depthwise=True, activation=1)
    convolution("depthwise_stride2", (1, 8, 7, 16), (3, 3, 16, 1), two, one, SAME, (0.07, 0.05), (127, -128), depthwise=True)


def dense():
    for name, rows, inner, columns, scales, zeros, channels, dtype, activation in [
        ("dense_per_tensor", 3, 17, 12, (0.05, 0.11), (-3, 9), False, np.int8, 0),
        ("dense_per_channel", 2, 40, 23, (0.02, 0.05), (127, -128), True, np.int8, 1),
        ("dense_saturates", 1, 64, 9, (0.3, 0.01), (-128, 127), False, np.int8, 0),
        ("dense_int16", 2, 31, 18, (0.0002, 0.01), (0, 0), False, np.int16, 0),
    ]:
        weights = random(name, "kernel").integers(-127, 128, (inner, columns)).astype(np.int8)
        bias = random(name, "bias").integers(-9000, 9001, (columns,)).astype(np.int32)
        w_scale = (0.003 + 0.01 * random(name, "s").random(columns)).astype(np.float32) if channels else np.float32([0.0137])
        x = draw(Tensor("x", dtype, (rows, inner), scales[0], zeros[0]), name)
        w = Tensor("kernel", np.int8, (columns, inner), w_scale, 0, 0 if channels else None, weights.T)
        b = Tensor("bias", np.int32, (columns,), np.float32(scales[0]) * w_scale, 0, 0 if channels else None, bias)
        y = Tensor("y", dtype, (rows, columns), scales[1], zeros[1])
        bias_type = {"quantizedBiasType": schema.TensorType.INT32} if dtype == np.int16 else {}
        record(name, "quantized_dense", {"activation": activation}, schema.BuiltinOperator.FULLY_CONNECTED,
               options_of("FullyConnected", fusedActivationFunction=activation, **bias_type), [x, w, b], y, 7 if dtype == np.int16 else 4,
               {"kernel": weights.astype(np.int32)})


def pairs():
    for op, operator, kind in [("quantized_add", schema.BuiltinOperator.ADD, "Add"), ("quantized_sub", schema.BuiltinOperator.SUB, "Sub"),
                               ("quantized_mul", schema.BuiltinOperator.MUL, "Mul")]:
        for name, shapes, scales, zeros, dtype in [
            ("plain", ((2, 5, 7), (2, 5, 7)), (0.03, 0.07, 0.08), (-5, 9, 3), np.int8),
            ("row", ((3, 4, 6), (6,)), (0.2, 0.004, 0.17), (127, -128, -128), np.int8),
            ("saturates", ((4, 9), (4, 9)), (0.5, 0.4, 0.01), (-128, 127, 0), np.int8),
            ("int16", ((3, 50), (3, 50)), (0.0003, 0.0002, 0.0004), (0, 0, 0), np.int16),
        ]:
            full = f"{kind.lower()}_{name}"
            a = draw(Tensor("a", dtype, shapes[0], scales[0], zeros[0]), full)
            b = draw(Tensor("b", dtype, shapes[1], scales[1], zeros[1]), full)
            y = Tensor("y", dtype, shapes[0], scales[2], zeros[2])
            extra = {} if kind == "Mul" else {"potScaleInt16": False}
            record(full, op, {}, operator, options_of(kind, fusedActivationFunction=0, **extra), [a, b], y, 2 if dtype == np.int8 else 4)


def pools():
    for kind, operator in [("average", schema.BuiltinOperator.AVERAGE_POOL_2D), ("max", schema.BuiltinOperator.MAX_POOL_2D)]:
        for name, shape, window, stride, padding in [
            ("same", (2, 7, 5, 3), (3, 2), (2, 1), SAME), ("valid", (1, 9, 6, 4), (2, 3), (2, 2), VALID),
            ("whole", (1, 25, 5, 8), (25, 5), (1, 1), VALID),
        ]:
            full = f"{kind}_pool_{name}"
            x = draw(Tensor("x", np.int8, shape, 0.05, -9), full)
            size = [(-(-n // s)) if padding == SAME else (n - k) // s + 1 for n, k, s in zip(shape[1:3], window, stride)]
            y = Tensor("y", np.int8, (shape[0], *size, shape[3]), 0.05, -9)
            options = options_of("Pool2D", padding=padding, strideH=stride[0], strideW=stride[1], filterHeight=window[0],
                                 filterWidth=window[1], fusedActivationFunction=0)
            record(full, f"quantized_{kind}_pool", {"window": window, "strides": stride, "padding": "same" if padding == SAME else "valid"},
                   operator, options, [x], y, 2)


def means():
    for name, shape, axes, scales, zeros, dtype in [
        ("mean_map", (2, 5, 3, 7), (1, 2), (0.05, 0.02), (-128, -128), np.int8),
        ("mean_same_scale", (1, 25, 5, 9), (1, 2), (0.05, 0.05), (4, 4), np.int8),
        ("mean_time", (2, 11, 6), (1,), (0.03, 0.06), (127, -30), np.int8),
        ("mean_last", (3, 4, 17), (2,), (0.3, 0.04), (-7, 100), np.int8),
        ("mean_int16", (2, 13, 6), (1,), (0.0003, 0.0002), (0, 0), np.int16),
    ]:
        x = draw(Tensor("x", dtype, shape, scales[0], zeros[0]), name)
        axis = Tensor("axes", np.int32, (len(axes),), data=np.array(axes, np.int32))
        out = [n for i, n in enumerate(shape) if i not in axes]
        y = Tensor("y", dtype, out, scales[1], zeros[1])
        record(name, "quantized_mean", {"axes": axes}, schema.BuiltinOperator.MEAN, options_of("Reducer", keepDims=False), [x, axis], y, 2)


def unary():
    every = np.arange(-128, 128, dtype=np.int8)
    for name, op, operator, kind, out in [
        ("logistic", "quantized_logistic", schema.BuiltinOperator.LOGISTIC, None, (1 / 256, -128)),
        ("tanh", "quantized_tanh", schema.BuiltinOperator.TANH, None, (1 / 128, 0)),
    ]:
        for scale, zero in [(0.05, 3), (0.007, -128), (0.3, 127), (1 / 16, 0), (0.0234, -17)]:
            full = f"{name}_{scale:.4g}"
            x = Tensor("x", np.int8, (256,), scale, zero)
            x.values = every
            record(full, op, {}, operator, (0, None), [x], Tensor("y", np.int8, (256,), *out), 2)
        for scale in [1 / 4096, 0.0003, 1 / 2048, 1 / 48, 0.00005]:
            full = f"{name}_int16_{scale:.4g}"
            x = Tensor("x", np.int16, (400,), scale, 0)
            x.values = random(full, "x").integers(-32768, 32768, 400).astype(np.int16)
            # The table's entries themselves, and the end of the table.
            x.values[:256] = np.arange(256) if scale == 1 / 48 else x.values[:256]
            x.values[:120] = np.arange(120) + (10820 if name == "tanh" else 21640) if scale == 1 / 2048 else x.values[:120]
            record(full, op, {}, operator, (0, None), [x], Tensor("y", np.int16, (400,), 1 / 32768, 0), 3)
    for name, shape, scale, zero, beta, low, high in [
        ("softmax", (6, 12), 0.08, 4, 1.0, -128, 127), ("softmax_fine", (5, 10), 0.011, -128, 1.0, -128, 127),
        ("softmax_coarse", (5, 30), 0.5, 127, 1.0, -128, 127), ("softmax_flat", (3, 40), 0.02, 0, 1.0, 5, 6),
        ("softmax_two", (40, 2), 0.1, 0, 1.0, -128, 127), ("softmax_beta", (4, 12), 0.1, 9, 0.5, -128, 127),
        ("softmax_many", (2, 300), 0.03, 0, 1.0, 0, 1),
    ]:
        x = draw(Tensor("x", np.int8, shape, scale, zero), name, low, high)
        record(name, "quantized_softmax", {"beta": beta}, schema.BuiltinOperator.SOFTMAX, options_of("Softmax", beta=beta), [x],
               Tensor("y", np.int8, shape, 1 / 256, -128), 2)


def scales():
    for name, source, target, s, z in [
        ("requantize", np.int8, np.int8, (0.05, 0.07), (3, -9)), ("requantize_finer", np.int8, np.int8, (0.05, 0.003), (127, -128)),
        # TFLite has no QUANTIZE from int8 to int16.
        ("requantize_narrow", np.int16, np.int8, (0.0003, 0.05), (0, 5)), ("requantize_16", np.int16, np.int16, (0.0003, 0.0001), (0, 0)),
    ]:
        x = draw(Tensor("x", source, (300,), s[0], z[0]), name)
        record(name, "requantize", {}, schema.BuiltinOperator.QUANTIZE, options_of("Quantize"), [x], Tensor("y", target, (300,), s[1], z[1]), 3)
    for name, target, s, z in [("quantize", np.int8, 0.037, -5), ("quantize_int16", np.int16, 0.0002, 0), ("quantize_ties", np.int8, 0.5, 1)]:
        x = Tensor("x", np.float32, (300,))
        x.values = (random(name, "x").standard_normal(300) * 3).astype(np.float32)
        if name == "quantize_ties":
            x.values = ((np.arange(300) - 150) / 4).astype(np.float32)
        record(name, "quantize", {}, schema.BuiltinOperator.QUANTIZE, options_of("Quantize"), [x], Tensor("y", target, (300,), s, z), 2)
    for name, source, s, z in [("dequantize", np.int8, 0.037, -5), ("dequantize_int16", np.int16, 0.0002, 0)]:
        x = draw(Tensor("x", source, (200,), s, z), name)
        record(name, "dequantize", {}, schema.BuiltinOperator.DEQUANTIZE, options_of("Dequantize"), [x], Tensor("y", np.float32, (200,)), 3)


if __name__ == "__main__":
    for part in (convolutions, dense, pairs, pools, means, unary, scales):
        part()
    golden_file.write("tflite_integer.json", f"TensorFlow Lite {tf.__version__}, BUILTIN_REF", CASES)
