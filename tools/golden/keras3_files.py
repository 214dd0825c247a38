"""test/golden/keras3: Hello Edge's ds_cnn, small, built from layers of Keras 3, as it saves it, with what it answers.

Needs tensorflow-cpu 2.21.0, keras 3.15.1, h5py 3.14.0. Weights are drawn by a seed.
"""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers as kl

OUT = os.path.join(os.path.dirname(__file__), "../../test/golden/keras3")
FRAMES, FEATURES, LABELS = 9, 6, 3


def block(layer, x):
    return kl.ReLU()(kl.BatchNormalization()(layer(x)))


x = keras.Input((FRAMES, FEATURES))
y = block(kl.Conv2D(4, (5, 2), (2, 2), "same"), kl.Reshape((FRAMES, FEATURES, 1))(x))
for strides in (1, 2):
    y = block(kl.Conv2D(4, 1), block(kl.DepthwiseConv2D(3, strides, "same"), y))
model = keras.Model(x, kl.Dense(LABELS)(kl.GlobalAveragePooling2D()(y)))

rng = np.random.default_rng(5)
for weight in model.weights:
    low, high = (0.6, 1.4) if weight.name in ("gamma", "moving_variance") else (-0.6, 0.6)
    weight.assign(rng.uniform(low, high, weight.shape).astype(np.float32))
clip = rng.standard_normal((1, FRAMES, FEATURES)).astype(np.float32)
os.makedirs(OUT, exist_ok=True)
model.save(os.path.join(OUT, "ds_cnn.h5"))
model.save_weights(os.path.join(OUT, "ds_cnn.weights.h5"))
tf.train.Checkpoint(model=model).write(os.path.join(OUT, "ds_cnn"))
case = {
    "name": "ds_cnn", "network": "hello_edge/ds_cnn", "options": {"modelSizeInfo": [3, 4, 5, 2, 2, 2, 4, 3, 3, 1, 1, 4, 3, 3, 2, 2]},
    "frames": FRAMES, "features": FEATURES, "labels": LABELS, "clip": [float(v) for v in clip.ravel()],
    "logits": [float(v) for v in model(clip, training=False).numpy().ravel()]}
with open(os.path.join(OUT, "cases.json"), "w") as file:
    json.dump({"source": f"tensorflow {tf.__version__}, keras {keras.__version__}", "cases": [case]}, file)
    file.write("\n")
