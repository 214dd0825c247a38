"""tflite_resource.json: a small streaming network whose states TensorFlow's converter keeps in resource variables, and what it gives.

Needs tensorflow-cpu 2.21.0, numpy 2.4.6. The network hears one frame a run: a ring of three frames before a convolution, a recurrent
state, and a counter that keeps both at zero for their first runs. Written in float32, in int8 with float variables (the converter's
default) and in int8 with int8 variables; run with the reference kernels (BUILTIN_REF), the states going on from run to run.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import golden_file
from golden_file import random

RUNS, BINS, WIDTH = 12, 6, 8


class Stream(tf.Module):
    def __init__(self):
        self.ring = tf.Variable(tf.zeros([1, 3, BINS]), trainable=False, name="ring")
        self.memory = tf.Variable(tf.zeros([1, WIDTH]), trainable=False, name="memory")
        self.count = tf.Variable(0, dtype=tf.int32, trainable=False, name="count")
        drawn = lambda name, shape: tf.constant((0.5 * random("stream", name).standard_normal(shape)).astype(np.float32))
        self.kernel, self.bias = drawn("kernel", (4, BINS, WIDTH)), drawn("bias", (WIDTH,))
        self.recurrent, self.last = drawn("recurrent", (WIDTH, WIDTH)), drawn("last", (WIDTH, 3))

    @tf.function(input_signature=[tf.TensorSpec([1, 1, BINS], tf.float32)])
    def __call__(self, x):
        count = self.count.read_value()
        window = tf.concat([tf.where(count < 1, tf.zeros([1, 3, BINS]), self.ring.read_value()), x], 1)
        self.ring.assign(window[:, 1:])
        heard = tf.nn.relu(tf.nn.conv1d(window, self.kernel, 1, "VALID") + self.bias)
        before = tf.where(tf.equal(count, 3), tf.zeros([1, WIDTH]), self.memory.read_value())
        memory = tf.tanh(tf.reshape(heard, [1, WIDTH]) + tf.matmul(before, self.recurrent))
        self.memory.assign(memory)
        self.count.assign(tf.minimum(count + 1, 4))
        return tf.nn.softmax(tf.matmul(memory, self.last))


def frames():
    return (random("stream", "frames").uniform(-2, 2, (RUNS, 1, 1, BINS))).astype(np.float32)


def converter(stream):
    made = tf.lite.TFLiteConverter.from_concrete_functions([stream.__call__.get_concrete_function()], stream)
    made.experimental_enable_resource_variables = True
    return made


def integers(stream, variables):
    made = converter(stream)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    made.representative_dataset = lambda: ([x] for x in frames())
    made.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    made.inference_input_type = made.inference_output_type = tf.int8
    made._experimental_variable_quantization = variables
    return made.convert()


def record(name, content):
    interpreter = tf.lite.Interpreter(
        model_content=content, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    [x], [y] = interpreter.get_input_details(), interpreter.get_output_details()
    given, found = [], []
    for frame in frames():
        if x["dtype"] == np.int8:
            scale, zero = x["quantization"]
            frame = np.clip(np.round(frame / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(x["index"], frame)
        interpreter.invoke()
        given.append(frame)
        found.append(interpreter.get_tensor(y["index"]).copy())
    file = np.frombuffer(content, np.uint8)
    return golden_file.case(name, {"runs": RUNS}, {"file": file, "x": np.stack(given)}, {"y": np.stack(found)})


def main():
    stream = Stream()
    golden_file.write("tflite_resource.json", f"tensorflow {tf.__version__}", [
        record("float32", converter(stream).convert()),
        record("int8, float variables", integers(stream, False)),
        record("int8, int8 variables", integers(stream, True)),
    ])


main()
