"""test/golden/keras: small networks of kws_streaming as its own code builds and saves them, with what they answer.

    TF_USE_LEGACY_KERAS=1 PYTHON tools/golden/keras_files.py --kws-streaming FOLDER

FOLDER holds the package kws_streaming of google-research (state of 2021). Needs tensorflow-cpu 2.21.0, tf_keras 2.21.0 (Keras 2, which the
originals used), tensorflow-model-optimization 0.8.0, h5py 3.14.0. Weights are drawn by a seed. Of each network there is the checkpoint that
save_weights leaves, of some the other forms: a whole model and weights alone in .h5, .h5 with packed chunks, and tf.train.Checkpoint.
"""

import argparse
import importlib
import json
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import numpy as np
import tensorflow as tf
import tf_keras

OUT = os.path.join(os.path.dirname(__file__), "../../test/golden/keras")
LABELS = 4
FRAMES, FEATURES = 21, 6

# Small, but with two layers of the same shape in different branches wherever the network has branches.
NETWORKS = {
    "svdf": {"svdf_memory_size": "3,3", "svdf_units1": "5,5", "svdf_act": "'relu','relu'", "svdf_units2": "6,-1", "svdf_dropout": "0,0",
             "svdf_pad": 0, "dropout1": 0.0, "units2": "", "act2": ""},
    "svdf_resnet": {"block1_memory_size": "3,3", "block2_memory_size": "3,3", "block3_memory_size": "2,2", "block1_units1": "6,6",
                    "block2_units1": "6,6", "block3_units1": "6,6", "blocks_pool": "1,2,2", "use_batch_norm": 1, "bn_scale": 0,
                    "activation": "relu", "svdf_dropout": 0.0, "svdf_use_bias": 1, "svdf_pad": 1, "dropout1": 0.0, "units2": "6",
                    "flatten": 0},
    "lstm": {"lstm_units": "5", "return_sequences": "0", "stateful": 0, "num_proj": "3", "use_peepholes": 1, "dropout1": 0.0,
             "units1": "5", "act1": "'linear'"},
    "lstm_plain": {"network": "lstm", "lstm_units": "5", "return_sequences": "0", "stateful": 0, "num_proj": "-1", "use_peepholes": 0,
                   "dropout1": 0.0, "units1": "", "act1": ""},
    "gru": {"gru_units": "5", "return_sequences": "0", "stateful": 0, "dropout1": 0.0, "units1": "5,5", "act1": "'linear','relu'"},
    "crnn": {"cnn_filters": "4,4", "cnn_kernel_size": "(3,3),(3,3)", "cnn_act": "'relu','relu'", "cnn_dilation_rate": "(1,1),(1,1)",
             "cnn_strides": "(1,1),(1,1)", "gru_units": "5", "return_sequences": "0", "stateful": 0, "dropout1": 0.0, "units1": "5",
             "act1": "'linear'"},
    "dnn": {"units1": "4,5", "act1": "'relu','relu'", "pool_size": 2, "strides": 2, "dropout1": 0.0, "units2": "6,5",
            "act2": "'linear','relu'"},
    "cnn": {"cnn_filters": "4,4", "cnn_kernel_size": "(3,3),(3,3)", "cnn_act": "'relu','relu'", "cnn_dilation_rate": "(1,1),(1,1)",
            "cnn_strides": "(2,1),(1,1)", "dropout1": 0.0, "units2": "5", "act2": "'relu'", "ours": {"revision": "2022"}},
    "ds_cnn": {"cnn1_kernel_size": "3,3", "cnn1_dilation_rate": "2,1", "cnn1_strides": "1,1", "cnn1_padding": "same", "cnn1_filters": 5,
               "cnn1_act": "relu", "bn_momentum": 0.98, "bn_center": 1, "bn_scale": 0, "bn_renorm": 0, "dw2_kernel_size": "(3,3),(3,3)",
               "dw2_dilation_rate": "(1,1),(2,2)", "dw2_strides": "(1,1),(1,1)", "dw2_padding": "same", "dw2_act": "'relu','relu'",
               "cnn2_filters": "5,5", "cnn2_act": "'relu','relu'", "dropout1": 0.0},
    "tc_resnet": {"channels": "6,6,6,4,4", "debug_2d": 0, "pool_size": "", "kernel_size": "(3,1)", "pool_stride": 0, "bn_momentum": 0.997,
                  "bn_center": 1, "bn_scale": 1, "bn_renorm": 0, "dropout": 0.0},
    "ds_tc_resnet": {"activation": "relu", "dropout": 0.0, "ds_filters": "6,6,6", "ds_repeat": "1,2,1", "ds_filter_separable": "1,1,1",
                     "ds_residual": "0,1,1", "ds_padding": "'same','same','same'", "ds_kernel_size": "3,3,3", "ds_stride": "1,1,1",
                     "ds_dilation": "1,1,2", "ds_pool": "1,1,1", "ds_max_pool": 0, "ds_scale": 1},
    "att_mh_rnn": {"cnn_filters": "4,1", "cnn_kernel_size": "(3,1),(3,1)", "cnn_act": "'relu','relu'", "cnn_dilation_rate": "(1,1),(1,1)",
                   "cnn_strides": "(1,1),(1,1)", "rnn_layers": 2, "rnn_type": "gru", "rnn_units": 3, "heads": 2, "dropout1": 0.0,
                   "units2": "6,6", "act2": "'relu','linear'"},
    "mobilenet_v2": {"cnn1_filters": 6, "cnn1_kernel_size": "(3,1)", "cnn1_strides": "(2,2)", "ds_kernel_size": "(3,1),(3,1)",
                     "cnn_strides": "(1,1),(1,1)", "cnn_filters": "6,6", "cnn_expansions": "1.5,1.5", "dropout": 0.0, "bn_scale": 0},
    "xception": {"cnn1_kernel_sizes": "3", "cnn1_filters": "6", "stride1": 1, "stride2": 1, "stride3": 1, "stride4": 1,
                 "cnn2_kernel_sizes": "3,3", "cnn2_filters": "6,6", "cnn3_kernel_sizes": "3", "cnn3_filters": "6", "cnn4_kernel_sizes": "3",
                 "cnn4_filters": "6", "dropout": 0.0, "bn_scale": 1, "units2": "5"},
    "inception": {"cnn1_filters": "6", "cnn1_kernel_sizes": "3", "cnn1_strides": "1", "cnn2_filters1": "4,4", "cnn2_filters2": "6,6",
                  "cnn2_kernel_sizes": "3,3", "cnn2_strides": "2,1", "dropout": 0.0, "bn_scale": 0},
    "inception_resnet": {"cnn1_filters": "6", "cnn1_strides": "1", "cnn1_kernel_sizes": "3", "cnn2_scales": "0.5,1.0",
                         "cnn2_filters_branch0": "4,4", "cnn2_filters_branch1": "4,4", "cnn2_filters_branch2": "6,6",
                         "cnn2_strides": "2,1", "cnn2_kernel_sizes": "3,3", "dropout": 0.0, "bn_scale": 0},
}


def build(name, options):
    network = options.get("network", name)
    module = importlib.import_module(f"kws_streaming.models.{network}")
    flags = importlib.import_module("kws_streaming.models.model_params").Params()
    given = {k: v for k, v in options.items() if k not in ("network", "ours")}
    fixed = {"preprocess": "mfcc", "batch_size": 1, "spectrogram_length": FRAMES, "dct_num_features": FEATURES, "label_count": LABELS,
             "return_softmax": 0, "quantize": 0, "use_quantize_nbit": 0, "dt_type": "mfcc", "att_type": "None"}
    for key, value in {**fixed, **given}.items():
        setattr(flags, key, value)
    return network, module.model(flags)


def draw(model, rng):
    for weight in model.weights:
        shape = weight.shape
        if "variance" in weight.name or "gamma" in weight.name:
            value = rng.uniform(0.6, 1.4, shape)
        elif len(shape) <= 1:
            value = rng.uniform(-0.3, 0.3, shape)
        else:
            fan = np.prod(shape[:-1]) if "depthwise" not in weight.name else np.prod(shape[:2])
            value = rng.uniform(-1, 1, shape) * np.sqrt(3 / fan)
        weight.assign(value.astype(np.float32))


def texts_of(value):
    return [x.decode() if isinstance(x, bytes) else x for x in np.atleast_1d(value)]


def pack(source, target, newer=False):
    """The same weights with every dataset in packed chunks, or in the newer layout of groups and headers, which has up to 8 links in a header."""
    with h5py.File(source) as old, h5py.File(target, "w", libver=("v108", "v108") if newer else None) as new:
        weights = old["model_weights"]
        layers = [name for name in texts_of(weights.attrs["layer_names"]) if len(weights[name].attrs["weight_names"])]

        def copy(name, item):
            if isinstance(item, h5py.Group) and len(item) == 0:
                return
            if isinstance(item, h5py.Dataset):
                chunks = tuple(max(1, (n + 1) // 2) for n in item.shape)
                packing = {} if newer else {"chunks": chunks, "compression": "gzip", "shuffle": True, "fletcher32": True}
                made = new.create_dataset(name, data=item[()], **packing)
            else:
                made = new.require_group(name)
            for key, value in item.attrs.items():
                if key in ("layer_names", "weight_names"):
                    names = layers if key == "layer_names" else texts_of(value)
                    made.attrs[key] = np.array(names, dtype=h5py.string_dtype())

        copy("model_weights", weights)
        weights.visititems(lambda name, item: copy(f"model_weights/{name}", item))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kws-streaming", required=True)
    sys.path.insert(0, parser.parse_args().kws_streaming)
    os.makedirs(OUT, exist_ok=True)
    # cnn's layers come in wrappers for quantization-aware training, whether it is wanted or not.
    importlib.import_module("kws_streaming.layers.quantize").quantize_layer = lambda layer, *_, **__: layer
    cases = []
    for number, (name, options) in enumerate(NETWORKS.items()):
        tf.keras.backend.clear_session()
        rng = np.random.default_rng(number)
        network, model = build(name, options)
        draw(model, rng)
        clip = rng.standard_normal((1, FRAMES, FEATURES)).astype(np.float32)
        logits = model(clip, training=False).numpy()
        model.save_weights(os.path.join(OUT, name))
        if name == "att_mh_rnn":
            model.save_weights(os.path.join(OUT, f"{name}.h5"))
        if name == "dnn":
            model.save(os.path.join(OUT, f"{name}.h5"))
            pack(os.path.join(OUT, f"{name}.h5"), os.path.join(OUT, f"{name}_packed.h5"))
            pack(os.path.join(OUT, f"{name}.h5"), os.path.join(OUT, f"{name}_v108.h5"), newer=True)
        if name == "crnn":
            checkpoint = tf.train.Checkpoint(optimizer=tf.keras.optimizers.legacy.Adam(), model=model)
            checkpoint.save(os.path.join(OUT, f"{name}_ckpt"))
        ours = {k: v for k, v in options.items() if k not in ("network", "ours")}
        cases.append({"name": name, "network": network, "options": {**ours, **options.get("ours", {})}, "frames": FRAMES,
                      "features": FEATURES, "labels": logits.size, "clip": [float(x) for x in clip.ravel()], "logits": [float(x) for x in logits.ravel()]})
    if os.path.exists(os.path.join(OUT, "checkpoint")):
        os.remove(os.path.join(OUT, "checkpoint"))
    source = f"kws_streaming of google-research (2021), tensorflow {tf.__version__}, tf_keras {tf_keras.__version__}"
    with open(os.path.join(OUT, "cases.json"), "w") as file:
        json.dump({"source": source, "cases": cases}, file)
        file.write("\n")


main()
