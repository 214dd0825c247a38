"""ops_tensorflow.json: what PyTorch has no counterpart for, and the same operations once more, from TensorFlow and Keras.

Needs tensorflow-cpu 2.21.0, keras 3.15.1, numpy 2.4.6. SAME padding with strides, keras GRU and LSTM, batch norm with
moving statistics, cross-entropy, optimizers, clipping, the legacy bilinear resize. float32, gradients from GradientTape.
Cases that stand in ops_torch.json under the same name have the same inputs and upstream gradients (check.py compares).
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import numpy as np
import tensorflow as tf

import golden_file
import signals
from golden_file import normal

CASES = []


def record(name, attributes, inputs, compute, constants=None, differentiable=None):
    """Runs compute(inputs, constants) -> {name: tensor} in float32, with a random gradient for each output in `upstream`."""
    constants = constants or {}
    differentiable = list(inputs) if differentiable is None else differentiable
    leaves = {key: tf.constant(value) for key, value in inputs.items()}
    with tf.GradientTape() as tape:
        tape.watch([leaves[key] for key in differentiable])
        outputs = compute(leaves, {key: tf.constant(value) for key, value in constants.items()})
    upstream, gradients = None, None
    if differentiable:
        seeded = {key: value for key, value in outputs.items() if key in ("y", "loss", "cLast")}
        upstream = {key: normal(name, f"upstream {key}", tuple(value.shape)) for key, value in seeded.items()}
        found = tape.gradient(
            list(seeded.values()), [leaves[key] for key in differentiable], [tf.constant(upstream[key]) for key in seeded])
        gradients = {key: value.numpy() for key, value in zip(differentiable, found)}
    CASES.append(golden_file.case(
        name, attributes, {**inputs, **constants}, {key: value.numpy() for key, value in outputs.items()}, gradients, None, upstream))


def convolutions():
    for name, shape, kernel, stride, dilation, padding in [
        ("conv2d_3x3_same", (2, 7, 6, 3), (3, 3, 3, 4), (1, 1), (1, 1), "same"),
        ("conv2d_3x3_same_stride2_even", (2, 8, 6, 3), (3, 3, 3, 4), (2, 2), (1, 1), "same"),
        ("conv2d_3x3_same_stride2_odd", (2, 7, 5, 3), (3, 3, 3, 4), (2, 2), (1, 1), "same"),
        ("conv2d_10x4_same_stride2", (2, 25, 10, 1), (10, 4, 1, 6), (2, 2), (1, 1), "same"),
        ("conv2d_10x4_same_stride2x1", (1, 25, 10, 1), (10, 4, 1, 6), (2, 1), (1, 1), "same"),
        ("conv2d_3x3_valid_dilation2x1", (2, 9, 6, 3), (3, 3, 3, 4), (1, 1), (2, 1), "valid"),
        ("conv2d_3x3_same_dilation2x2", (2, 9, 6, 3), (3, 3, 3, 4), (1, 1), (2, 2), "same"),
        ("conv2d_1x1_stride2", (2, 7, 5, 4), (1, 1, 4, 3), (2, 2), (1, 1), "same"),
    ]:
        inputs = {"x": normal(name, "x", shape), "kernel": normal(name, "kernel", kernel, 0.3), "bias": normal(name, "bias", kernel[3:])}
        attributes = {"op": "conv2d", "stride": stride, "dilation": dilation, "padding": padding}
        record(name, attributes, inputs, lambda t, _: {
            "y": tf.nn.conv2d(t["x"], t["kernel"], list(stride), padding.upper(), dilations=list(dilation)) + t["bias"]},
            # TensorFlow has no gradient of a dilated convolution on the CPU.
            differentiable=None if dilation == (1, 1) else [])
    for name, shape, kernel, stride in [
        ("depthwise_3x3_same", (2, 7, 6, 5), (3, 3, 5, 1), 1), ("depthwise_3x3_same_stride2_even", (2, 8, 6, 5), (3, 3, 5, 1), 2),
        ("depthwise_3x3_same_stride2_odd", (2, 7, 5, 5), (3, 3, 5, 1), 2), ("depthwise_10x4_same_stride2", (2, 25, 10, 3), (10, 4, 3, 1), 2),
    ]:
        inputs = {"x": normal(name, "x", shape), "kernel": normal(name, "kernel", kernel), "bias": normal(name, "bias", kernel[2:3])}
        attributes = {"op": "depthwiseConv2d", "stride": (stride, stride), "dilation": (1, 1), "padding": "same"}
        record(name, attributes, inputs, lambda t, _: {
            "y": tf.nn.depthwise_conv2d(t["x"], t["kernel"], [1, stride, stride, 1], "SAME") + t["bias"]})


def cell(name, layer_type, gates, order, initial):
    """A keras layer whose weights are replaced by the given ones, so that the tape sees them."""
    batch, steps, size, units = 3, 7, 5, 6
    inputs = {"x": normal(name, "x", (batch, steps, size)), "kernel": normal(name, "kernel", (size, gates * units), 0.5),
              "recurrentKernel": normal(name, "recurrentKernel", (units, gates * units), 0.5), "bias": normal(name, "bias", (gates * units,), 0.5)}
    gru = gates == 3
    if gru:
        inputs["recurrentBias"] = normal(name, "recurrentBias", (gates * units,), 0.5)
    if initial:
        inputs.update({f"{s}0": normal(name, f"{s}0", (batch, units)) for s in (["h"] if gru else ["h", "c"])})

    def run(t, _):
        layer = layer_type(units, return_sequences=True, return_state=True, unroll=True, use_cudnn=False,
                           **({"reset_after": True} if gru else {}))
        layer.build(tuple(t["x"].shape))
        weights = [t["kernel"], t["recurrentKernel"], tf.stack([t["bias"], t["recurrentBias"]]) if gru else t["bias"]]
        state = [t[key] for key in ("h0", "c0") if key in t] or [tf.zeros((batch, units))] * (1 if gru else 2)
        mapping = list(zip(layer.trainable_variables, weights))
        with keras.StatelessScope(state_mapping=mapping):
            outputs = layer(t["x"], initial_state=state)
        return {"y": outputs[0]} if gru else {"y": outputs[0], "cLast": outputs[2]}

    record(name, {"op": "gru" if gru else "lstm", "gates": order, "units": units}, inputs, run)


def batch_norm():
    for name, shape, scale in [("batch_norm_moving", (4, 5, 3, 6), True), ("batch_norm_moving_no_gamma", (4, 5, 3, 6), False),
                               ("batch_norm_moving_dense", (8, 6), True)]:
        inputs = {"x": normal(name, "x", shape, 2.0) + np.float32(0.5), "beta": normal(name, "beta", (6,))}
        if scale:
            inputs["gamma"] = normal(name, "gamma", (6,)) + np.float32(1)
        constants = {"movingMean": normal(name, "movingMean", (6,)), "movingVariance": np.abs(normal(name, "movingVariance", (6,))) + np.float32(0.1)}

        def run(t, c):
            layer = keras.layers.BatchNormalization(momentum=0.99, epsilon=1e-3, scale=scale)
            layer.build(tuple(t["x"].shape))
            mapping = [(layer.beta, t["beta"]), (layer.moving_mean, c["movingMean"]), (layer.moving_variance, c["movingVariance"])]
            if scale:
                mapping.append((layer.gamma, t["gamma"]))
            with keras.StatelessScope(state_mapping=mapping) as scope:
                y, frozen = layer(t["x"], training=True), layer(t["x"], training=False)
            return {"y": y, "inferenceWithNewMoments": frozen, "newMovingMean": scope.get_current_value(layer.moving_mean),
                    "newMovingVariance": scope.get_current_value(layer.moving_variance)}

        record(name, {"op": "batchNorm", "training": True, "momentum": 0.99, "epsilon": 1e-3, "scale": scale,
                      "convention": "moving = moving * momentum + batch * (1 - momentum); the variance is the biased one"},
               inputs, run, constants)


def losses():
    labels = np.array([3, 0, 11, 7, 3, 1, 9, 10], np.int32)
    sample_weights = np.linspace(0.25, 2, 12).astype(np.float32)[labels]
    for name, smoothing, weighted in [("cross_entropy", 0.0, False), ("cross_entropy_smoothing", 0.1, False),
                                      ("cross_entropy_sample_weights", 0.0, True),
                                      ("cross_entropy_smoothing_sample_weights", 0.1, True)]:
        function = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
        inputs = {"logits": normal("cross_entropy" if not weighted else name, "logits", (8, 12), 3.0)}
        constants = {"labels": labels, **({"sampleWeights": sample_weights} if weighted else {})}
        record(f"keras_{name}_mean" if smoothing else f"{name}_mean", {
            "op": "softmaxCrossEntropy", "labelSmoothing": smoothing, "reduction": "mean", "weighted": weighted,
            "convention": "keras: with sample weights the sum is divided by the batch size, not by the sum of the weights"},
            inputs, lambda t, c: {"loss": function(tf.one_hot(c["labels"], 12), t["logits"], c.get("sampleWeights"))}, constants)
    inputs = {"logits": normal("cross_entropy", "logits", (8, 12), 3.0)}
    record("cross_entropy_none", {"op": "softmaxCrossEntropy", "labelSmoothing": 0.0, "reduction": "none", "weighted": False}, inputs,
           lambda t, c: {"loss": tf.nn.sparse_softmax_cross_entropy_with_logits(c["labels"], t["logits"])}, {"labels": labels})


def optimizers():
    for name, make in [
        ("keras_adam_1e-7", lambda: keras.optimizers.Adam(0.01, epsilon=1e-7)), ("keras_adam_1e-8", lambda: keras.optimizers.Adam(0.01, epsilon=1e-8)),
        ("keras_adamw", lambda: keras.optimizers.AdamW(0.01, weight_decay=0.05, epsilon=1e-8)),
        ("keras_sgd_momentum", lambda: keras.optimizers.SGD(0.1, momentum=0.9)),
    ]:
        start, gradients = normal(name, "start", (11,)), normal(name, "gradients", (5, 11))
        gradients[:, 0], gradients[:, 1] = 0, gradients[:, 1] * np.float32(1e-6)

        def run(t, _):
            optimizer, path = make(), []
            variable = keras.Variable(t["parameter"])
            for step in range(5):
                optimizer.apply([t["gradient"][step]], [variable])
                path.append(tf.convert_to_tensor(variable.value))
            return {"parameters": tf.stack(path)}

        convention = {"convention": "rate_t = rate sqrt(1 - b2^t) / (1 - b1^t); p -= rate_t m / (sqrt(v) + epsilon): epsilon is not corrected "
                      "for bias, unlike in torch"} if "adam" in name else {}
        config = {key: value for key, value in make().get_config().items() if isinstance(value, (int, float)) and not isinstance(value, bool)}
        record(f"optimizer_{name}", {"op": "optimizer", "optimizer": name, **config, **convention},
               {"parameter": start, "gradient": gradients}, run, differentiable=[])
    for name, limit in [("tf_clip_active", 1.0), ("tf_clip_inactive", 100.0)]:
        inputs = {"a": normal(name, "a", (4, 3)), "b": normal(name, "b", (7,))}

        def clip(t, _):
            (a, b), norm = tf.clip_by_global_norm([t["a"], t["b"]], limit)
            return {"norm": norm, "a": a, "b": b}

        record(name, {"op": "clipByGlobalNorm", "maxNorm": limit, "convention": "factor = maxNorm / max(norm, maxNorm)"}, inputs, clip,
               differentiable=[])


def resize():
    """The waveform as an image of height n and width 1, as kws_streaming's reader does it for `resample`."""
    clip = signals.harmonics()[4000:8000].astype(np.float32) / np.float32(32768)
    for factor in (0.85, 0.9371, 1.0, 1.0429, 1.15):
        length = int(np.float32(len(clip)) * np.float32(factor))
        record(f"resize_bilinear_{factor}", {
            "op": "resizeBilinear", "factor": factor, "outputLength": length, "alignCorners": False, "halfPixelCenters": False,
            "convention": "source = index * (in / out), positions in float32"}, {"x": clip}, lambda t, _: {
                "y": tf.compat.v1.image.resize_bilinear(t["x"][None, :, None, None], (length, 1), False, half_pixel_centers=False)[0, :, 0, 0]},
            differentiable=[])


def main():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    convolutions()
    gru = "z, r, h; reset after: h' = z h + (1 - z) tanh(W x + b + r (U h + b2))"
    for suffix, initial in [("zero_state", False), ("given_state", True)]:
        cell(f"gru_{suffix}", keras.layers.GRU, 3, gru, initial)
        cell(f"lstm_{suffix}", keras.layers.LSTM, 4, "i, f, c, o; forget bias inside bias", initial)
    batch_norm()
    losses()
    optimizers()
    resize()
    golden_file.write("ops_tensorflow.json", f"tensorflow {tf.__version__}, keras {keras.__version__}", CASES)


if __name__ == "__main__":
    main()
