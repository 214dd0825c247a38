"""What kws_streaming.py builds its networks from: drawn weights, layers under the paths of earshot's parameters, the record of a case."""


import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf
from keras import layers as kl

import golden_file

keras.backend.set_floatx("float64")
CASES = []
LABELS = 4


def drawn(name, count):
    """Numbers in [-1, 1): the linear congruential generator of Numerical Recipes, started with the FNV-1a hash of the name."""
    state = 2166136261
    for byte in name.encode():
        state = ((state ^ byte) * 16777619) % 2**32
    values = np.empty(count)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values[i] = state / 2**31 - 1
    return values


def weight(name, shape):
    """The value of a parameter: of about unit gain, no bias or mean zero, no factor or variance one."""
    kind = name.rsplit(".", 1)[1]
    u = drawn(name, int(np.prod(shape))).reshape(shape)
    if kind in ("gamma", "variance"):
        u = 1 + 0.4 * u
    elif len(shape) == 1:
        u = 0.3 * u
    else:
        depthwise = len(shape) == 4 and any(part in name for part in (".depthwise.", ".frequency.", ".time."))
        fan = np.prod(shape[:2] if depthwise else shape[:-1])
        u = u * np.sqrt(3 / fan)
    return u.astype(np.float32).astype(np.float64)


SPELLING = {"moving_mean": "mean", "moving_variance": "variance"}


def parts_of(layer):
    """A layer's variables as lists of (name of a parameter of ours, shape) and how the parameters make the variable."""
    if isinstance(layer, kl.Bidirectional):
        return [part for direction, inner in (("forward", layer.forward_layer), ("backward", layer.backward_layer))
                for part in recurrent_parts(f"{layer.name}.{direction}", inner)]
    if isinstance(layer, (kl.GRU, kl.LSTM)):
        return recurrent_parts(layer.name, layer)
    if isinstance(layer, Peepholes):
        return [(v, [(f"{layer.name}.{name}", tuple(v.shape))], lambda values: values[0]) for name, v in layer.named.items()]
    return [(v, [(f"{layer.name}.{SPELLING.get(v.name, v.name)}", tuple(v.shape))], lambda values: values[0]) for v in layer.weights]


def recurrent_parts(path, layer):
    units = layer.units
    parts = []
    for v in layer.weights:
        shape = tuple(v.shape)
        if isinstance(layer, kl.GRU) and v.name == "bias" and layer.reset_after:
            parts.append((v, [(f"{path}.bias", shape[1:]), (f"{path}.recurrent_bias", shape[1:])], np.stack))
        elif isinstance(layer, kl.GRU) and v.name == "recurrent_kernel" and not layer.reset_after:
            names = [(f"{path}.recurrent_kernel", (units, 2 * units)), (f"{path}.recurrent_candidate", (units, units))]
            parts.append((v, names, lambda values: np.concatenate(values, axis=1)))
        else:
            parts.append((v, [(f"{path}.{v.name}", shape)], lambda values: values[0]))
    return parts


def split(gradient, names):
    """A variable's gradient as those of our parameters."""
    if len(names) == 1:
        return [gradient]
    if len(names[0][1]) == 1:
        return list(gradient)
    return np.split(gradient, [names[0][1][1]], axis=1)


def record(name, network, options, frames, features, build):
    """Runs a network on two clips; `build` writes it from [B, T, F] to logits."""
    x = keras.Input((frames, features), dtype="float64")
    model = keras.Model(x, build(x))
    places = [part for layer in model.layers for part in parts_of(layer)]
    for variable, names, join in places:
        variable.assign(join([weight(*named) for named in names]))
    clips = golden_file.normal(name, "features", (2, frames, features))
    upstream = golden_file.normal(name, "upstream", (2, LABELS))
    features_ = tf.constant(clips, tf.float64)
    trained = [part for part in places if part[0].trainable]
    with tf.GradientTape() as tape:
        tape.watch(features_)
        logits = model(features_, training=False)
    found = tape.gradient(logits, [features_] + [v.value for v, _, _ in trained], tf.constant(upstream, tf.float64))
    summary = {}
    for (_, names, _), gradient in zip(trained, found[1:]):
        for (parameter, shape), part in zip(names, split(np.asarray(gradient), names)):
            probe = drawn(f"{parameter} probe", int(np.prod(shape))).reshape(shape)
            summary[parameter] = [float(np.sum(part * probe)), float(np.sum(part * part))]
    attributes = {"network": network, "options": options, "frames": frames, "features": features, "labels": LABELS, "gradients": summary}
    CASES.append(golden_file.case(
        name, attributes, {"features": clips}, {"logits": logits.numpy().astype(np.float32)},
        {"features": found[0].numpy().astype(np.float32)}, None, {"logits": upstream}))


class Peepholes(kl.Layer):
    """tf.compat.v1.nn.rnn_cell.LSTMCell over time, gates in our order i, f, c, o, forget offset in the bias."""

    def __init__(self, name, units, projection, sequence):
        super().__init__(name=name)
        self.units, self.projection, self.sequence = units, projection, sequence

    def build(self, shape):
        u, p = self.units, self.projection
        shapes = {"kernel": (shape[-1], 4 * u), "bias": (4 * u,), "recurrent_kernel": (p, 4 * u), "peephole_input": (u,),
                  "peephole_forget": (u,), "peephole_output": (u,), "projection": (u, p)}
        self.named = {key: self.add_weight(name=key, shape=value) for key, value in shapes.items()}

    def call(self, x):
        w = self.named
        c = tf.zeros((tf.shape(x)[0], self.units), x.dtype)
        h = tf.zeros((tf.shape(x)[0], self.projection), x.dtype)
        outputs = []
        for t in range(x.shape[1]):
            i, f, g, o = tf.split(x[:, t] @ w["kernel"] + w["bias"] + h @ w["recurrent_kernel"], 4, axis=1)
            new = tf.sigmoid(f + w["peephole_forget"] * c) * c + tf.sigmoid(i + w["peephole_input"] * c) * tf.tanh(g)
            h = (tf.sigmoid(o + w["peephole_output"] * new) * tf.tanh(new)) @ w["projection"]
            c = new
            outputs.append(h)
        return tf.stack(outputs, axis=1) if self.sequence else h


class Scaled(kl.Layer):
    """A factor and an offset for each channel."""

    def build(self, shape):
        self.gamma = self.add_weight(name="gamma", shape=shape[-1:])
        self.beta = self.add_weight(name="beta", shape=shape[-1:])

    def call(self, x):
        return x * self.gamma + self.beta


def dense(path, units, activation=None, bias=True):
    return kl.Dense(units, activation=activation, use_bias=bias, name=path)


def conv(path, filters, kernel, padding="same", strides=(1, 1), bias=False, activation=None):
    return kl.Conv2D(filters, kernel, strides, padding, use_bias=bias, activation=activation, name=path)


def depthwise(path, kernel, padding="same", strides=(1, 1), bias=False):
    return kl.DepthwiseConv2D(kernel, strides, padding, use_bias=bias, name=path)


def norm(path, scale=True, center=True):
    return kl.BatchNormalization(scale=scale, center=center, name=path)


def hidden(x, *units):
    """Layers `hidden.0` and so on, the first linear, the others relu, and the classifier."""
    for i, width in enumerate(units):
        x = dense(f"hidden.{i}", width, "linear" if i == 0 else "relu")(x)
    return dense("classifier", LABELS)(x)


def as_map(x):
    return kl.Reshape((x.shape[1], x.shape[2], 1))(x)


def as_channels(x):
    return kl.Reshape((x.shape[1], 1, x.shape[2]))(x)


def relu(x):
    return kl.ReLU()(x)


def average(x):
    return kl.GlobalAveragePooling2D()(x)
