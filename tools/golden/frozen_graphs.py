"""test/golden/frozen: small frozen graphs as ML-KWS-for-MCU builds them with TensorFlow 1's operators, with what they answer to a sound.

    TF_USE_LEGACY_KERAS=1 PYTHON tools/golden/frozen_graphs.py

Needs tensorflow-cpu 2.21.0 and tf_keras 2.21.0, which still has the cells of TensorFlow 1. The layers are written down from the published
graphs: DecodeWav, AudioSpectrogram, Mfcc, then the network. Weights are drawn by a seed.
"""

import json
import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
tf1.disable_control_flow_v2()
tf1.disable_resource_variables()
OUT = os.path.join(os.path.dirname(__file__), "../../test/golden/frozen")
SAMPLES, WINDOW, STRIDE, COEFFICIENTS, LABELS = 4000, 640, 320, 6, 3
FRAMES = 1 + (SAMPLES - WINDOW) // STRIDE


def variable(rng, name, *shape):
    fan = np.prod(shape[:-1]) if len(shape) > 1 else 11
    return tf1.get_variable(name, initializer=(rng.uniform(-1, 1, shape) * np.sqrt(3 / fan)).astype(np.float32))


def fused_norm(rng, path, x, gamma):
    c = x.shape[-1]
    scale = tf.constant(rng.uniform(0.6, 1.4, c) if gamma else np.ones(c), tf.float32)
    moving = [tf1.get_variable(f"{path}/{k}", initializer=rng.uniform(*r, c).astype(np.float32))
              for k, r in (("mean", (-0.3, 0.3)), ("variance", (0.6, 1.4)))]
    beta = tf1.get_variable(f"{path}/beta", initializer=rng.uniform(-0.3, 0.3, c).astype(np.float32))
    return tf1.nn.fused_batch_norm(x, scale, beta, *moving, epsilon=0.001, is_training=False)[0]


def plain_norm(rng, path, x):
    c = x.shape[-1]
    values = [tf1.get_variable(f"{path}/{k}", initializer=rng.uniform(*r, c).astype(np.float32)) for k, r in (
        ("mean", (-0.3, 0.3)), ("variance", (0.6, 1.4)), ("beta", (-0.3, 0.3)), ("gamma", (0.6, 1.4)))]
    return tf.nn.batch_normalization(x, *values, 0.001)


def dense(rng, path, x, units):
    return tf.matmul(x, variable(rng, f"{path}/W", x.shape[-1], units)) + variable(rng, f"{path}/b", units)


def recurrent(cell, x):
    return tf1.nn.dynamic_rnn(cell, x, dtype=tf.float32)[1]


def as_map(x):
    return tf.reshape(x, [-1, FRAMES, COEFFICIENTS, 1])


def as_sequence(x):
    return tf.reshape(x, [1, FRAMES, COEFFICIENTS])


def conv(rng, path, x, filters, kernel, strides, padding):
    weights = variable(rng, f"{path}/W", *kernel, x.shape[-1], filters)
    return tf.nn.conv2d(x, weights, [1, *strides, 1], padding) + variable(rng, f"{path}/b", filters)


def dnn(rng, x):
    for i in range(2):
        x = tf.nn.relu(dense(rng, f"fc{i}", x, 5))
    return dense(rng, "out", x, LABELS)


def cnn(rng, x):
    x = tf.nn.relu(fused_norm(rng, "bn1", conv(rng, "conv1", as_map(x), 4, (3, 2), (1, 1), "VALID"), True))
    x = tf.nn.relu(fused_norm(rng, "bn2", conv(rng, "conv2", x, 5, (3, 2), (2, 1), "VALID"), True))
    x = dense(rng, "lin", tf.reshape(x, [-1, np.prod(x.shape[1:])]), 4)
    return dense(rng, "out", tf.nn.relu(plain_norm(rng, "bn3", dense(rng, "fc", x, 6))), LABELS)


def ds_cnn(rng, x):
    x = tf.nn.relu(fused_norm(rng, "bn", conv(rng, "conv", as_map(x), 4, (5, 2), (2, 2), "SAME"), False))
    for i, strides in enumerate(((1, 1), (2, 2))):
        weights = variable(rng, f"dw{i}/W", 3, 3, 4, 1)
        y = tf1.nn.depthwise_conv2d_native(x, weights, [1, *strides, 1], "SAME")
        x = tf.nn.relu(fused_norm(rng, f"dw{i}/bn", tf.nn.bias_add(y, variable(rng, f"dw{i}/b", 4)), False))
        x = tf.nn.relu(fused_norm(rng, f"pw{i}/bn", conv(rng, f"pw{i}", x, 4, (1, 1), (1, 1), "SAME"), False))
    x = tf.squeeze(tf.nn.avg_pool2d(x, x.shape[1:3], [2, 2], "VALID"), [1, 2])
    return dense(rng, "out", x, LABELS)


def basic_lstm(rng, x):
    state = recurrent(tf1.nn.rnn_cell.BasicLSTMCell(5, forget_bias=1.0), as_sequence(x))
    return dense(rng, "out", state.h, LABELS)


def lstm(rng, x):
    state = recurrent(tf1.nn.rnn_cell.LSTMCell(5, use_peepholes=True, num_proj=4, forget_bias=1.0), as_sequence(x))
    return dense(rng, "out", state.h, LABELS)


def gru(rng, x):
    cells = tf1.nn.rnn_cell.MultiRNNCell([tf1.nn.rnn_cell.GRUCell(5) for _ in range(2)])
    return dense(rng, "out", recurrent(cells, as_sequence(x))[-1], LABELS)


def crnn(rng, x):
    y = tf.nn.relu(conv(rng, "conv", as_map(x), 3, (4, 2), (2, 2), "VALID"))
    y = tf.reshape(y, [1, y.shape[1], y.shape[2] * y.shape[3]])
    cells = tf1.nn.rnn_cell.MultiRNNCell([tf1.nn.rnn_cell.GRUCell(5) for _ in range(2)])
    return dense(rng, "out", tf.nn.relu(dense(rng, "fc", recurrent(cells, y)[-1], 6)), LABELS)


def main():
    os.makedirs(OUT, exist_ok=True)
    cases = []
    time = np.arange(SAMPLES)
    samples = np.round(8000 * np.sin(time**1.3 / 90) * np.random.default_rng(99).uniform(0.2, 1, SAMPLES)).astype(np.int16)
    for number, build in enumerate((dnn, cnn, ds_cnn, basic_lstm, lstm, gru, crnn)):
        rng = np.random.default_rng(number)
        with tf1.Graph().as_default() as graph, tf1.Session() as session:
            wav = tf1.placeholder(tf.string, [], "wav_data")
            sound = tf.raw_ops.DecodeWav(contents=wav, desired_channels=1, desired_samples=SAMPLES)
            spectrogram = tf.raw_ops.AudioSpectrogram(input=sound.audio, window_size=WINDOW, stride=STRIDE, magnitude_squared=True)
            mfcc = tf.raw_ops.Mfcc(spectrogram=spectrogram, sample_rate=sound.sample_rate, dct_coefficient_count=COEFFICIENTS)
            logits = build(rng, tf.reshape(mfcc, [-1, FRAMES * COEFFICIENTS]))
            tf.nn.softmax(logits, name="labels_softmax")
            session.run(tf1.global_variables_initializer())
            for v in tf1.global_variables():
                if "cell" in v.name:
                    session.run(v.assign(rng.uniform(-0.6, 0.6, v.shape)))
            content = session.run(tf.audio.encode_wav(samples[:, None] / np.float32(32768), 16000))
            answer = session.run(logits, {wav: content})
            if build is dnn:
                tf1.train.Saver().save(session, os.path.join(OUT, "dnn_saver"), write_meta_graph=False, write_state=False)
            frozen = tf1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["labels_softmax"])
        with open(os.path.join(OUT, f"{build.__name__}.pb"), "wb") as file:
            file.write(frozen.SerializeToString(deterministic=True))
        cases.append({"name": build.__name__, "logits": [float(x) for x in answer.ravel()]})
    with open(os.path.join(OUT, "cases.json"), "w") as file:
        json.dump({"source": f"tensorflow {tf.__version__}", "samples": [int(x) for x in samples], "cases": cases}, file)
        file.write("\n")


main()
