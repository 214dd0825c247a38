"""other_zoo.json: small networks of Hello Edge, EdgeML, SpeechRec, MLPerf Tiny and microWakeWord, built from Keras layers, with drawn weights.

Needs what kws_streaming.py needs, and is made in the same way. EdgeML's cells, which Keras does not have, are written down from the paper
(Kusupati et al. 2018, arXiv 1901.02358) and the equations of its library's documentation.
"""

from kws_layers import (
    CASES, LABELS, Peepholes, as_channels, as_map, average, conv, dense, depthwise, golden_file, keras, kl, norm, record, relu, tf)


def gru(path, units, sequence=False):
    return kl.GRU(units, reset_after=False, return_sequences=sequence, name=path)


def hello_edge():
    record("basic_lstm", "hello_edge/basic_lstm", {"model_size_info": [7]}, 9, 5,
           lambda x: dense("classifier", LABELS)(kl.LSTM(7, name="recurrent.0")(x)))
    record("lstm", "hello_edge/lstm", {"model_size_info": [4, 7]}, 9, 5,
           lambda x: dense("classifier", LABELS)(Peepholes("recurrent.0", 7, 4, False)(x)))
    record("gru", "hello_edge/gru", {"model_size_info": [2, 6]}, 9, 5,
           lambda x: dense("classifier", LABELS)(gru("recurrent.1", 6)(gru("recurrent.0", 6, True)(x))))

    def crnn(x):
        y = conv("convolution", 4, (4, 3), "valid", (2, 1), True, "relu")(as_map(x))
        y = kl.Reshape((y.shape[1], -1))(y)
        y = dense("hidden", 5, "relu")(gru("recurrent.0", 6)(y))
        return dense("classifier", LABELS)(y)

    record("crnn", "hello_edge/crnn", {"model_size_info": [4, 4, 3, 2, 1, 1, 6, 5]}, 13, 6, crnn)
    record("single_fc", "hello_edge/single_fc", {}, 6, 5, lambda x: dense("classifier", LABELS)(kl.Flatten()(x)))

    def conv_network(x):
        y = kl.MaxPooling2D(2, 2, "same")(conv("convolutions.0", 64, (20, 8), bias=True, activation="relu")(as_map(x)))
        y = conv("convolutions.1", 64, (10, 4), bias=True, activation="relu")(y)
        return dense("classifier", LABELS)(kl.Flatten()(y))

    record("conv", "hello_edge/conv", {}, 9, 7, conv_network)

    def low_latency_conv(x):
        y = kl.Flatten()(conv("convolution", 186, (9, 8), "valid", bias=True, activation="relu")(as_map(x)))
        return dense("classifier", LABELS)(dense("hidden.1", 128)(dense("hidden.0", 128)(y)))

    record("low_latency_conv", "hello_edge/low_latency_conv", {}, 9, 10, low_latency_conv)

    def low_latency_svdf(x):
        y = depthwise("filters.time", (6, 1), "valid")(dense("filters.feature", 2560, bias=False)(as_channels(x)))
        y = relu(Bias(name="filters")(tf.keras.ops.sum(kl.Reshape((1280, 2))(y), axis=2)))
        return dense("classifier", LABELS)(dense("hidden.1", 256)(dense("hidden.0", 256)(y)))

    record("low_latency_svdf", "hello_edge/low_latency_svdf", {}, 6, 5, low_latency_svdf)


class Bias(kl.Layer):
    """A trained offset."""

    def build(self, shape):
        self.bias = self.add_weight(name="bias", shape=shape[-1:])

    def call(self, x):
        return x + self.bias


class Normalised(Peepholes):
    """(x - mean) * factor."""

    def __init__(self):
        kl.Layer.__init__(self, name="normalize")

    def build(self, shape):
        self.named = {key: self.add_weight(name=key, shape=shape[-1:], trainable=False) for key in ("mean", "factor")}

    def call(self, x):
        return (x - self.named["mean"]) * self.named["factor"]


NONLINEARITIES = {
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "quantTanh": lambda x: tf.clip_by_value(x, -1, 1),
    "quantSigm": lambda x: tf.clip_by_value((x + 1) / 2, 0, 1),
    "quantSigm4": lambda x: tf.clip_by_value((x + 2) / 4, 0, 1),
}


class Edgeml(Peepholes):
    """One of EdgeML's cells over time; gates side by side in our order."""

    GATES = {"fastrnn": 1, "fastgrnn": 1, "ugrnn": 2, "gru": 3, "lstm": 4}

    def __init__(self, name, kind, units, w_rank=0, u_rank=0, gate="sigmoid", update="tanh", sequence=False):
        kl.Layer.__init__(self, name=name)
        self.kind, self.units, self.w_rank, self.u_rank, self.sequence = kind, units, w_rank, u_rank, sequence
        self.gate, self.update = NONLINEARITIES[gate], NONLINEARITIES[update]

    def build(self, shape):
        n, k, inputs = self.units, self.GATES[self.kind], shape[-1]
        shapes = {"kernel": (self.w_rank or inputs, k * n), "recurrent_kernel": (self.u_rank or n, (2 if self.kind == "gru" else k) * n)}
        if self.w_rank:
            shapes["kernel_first"] = (inputs, self.w_rank)
        if self.u_rank:
            shapes["recurrent_first"] = (n, self.u_rank)
        if self.kind == "gru":
            shapes["recurrent_candidate"] = (self.u_rank or n, n)
        shapes.update({"bias_gate": (n,), "bias_update": (n,)} if self.kind == "fastgrnn" else {"bias": (k * n,)})
        shapes.update({"fastrnn": {"alpha": (1,), "beta": (1,)}, "fastgrnn": {"zeta": (1,), "nu": (1,)}}.get(self.kind, {}))
        self.named = {key: self.add_weight(name=key, shape=value) for key, value in shapes.items()}

    def call(self, x):
        w = self.named
        wide = (w["kernel_first"] @ w["kernel"]) if self.w_rank else w["kernel"]
        h = tf.zeros((tf.shape(x)[0], self.units), x.dtype)
        c = h
        outputs = []
        for t in range(x.shape[1]):
            h, c = self.step(x[:, t] @ wide, h, c)
            outputs.append(h)
        return tf.stack(outputs, axis=1) if self.sequence else h

    def recurrent(self, h, name="recurrent_kernel"):
        w = self.named
        return h @ ((w["recurrent_first"] @ w[name]) if self.u_rank else w[name])

    def step(self, wx, h, c):
        w, gate, update = self.named, self.gate, self.update
        if self.kind == "fastrnn":
            new = update(wx + self.recurrent(h) + w["bias"])
            return tf.sigmoid(w["beta"]) * h + tf.sigmoid(w["alpha"]) * new, c
        if self.kind == "fastgrnn":
            p = wx + self.recurrent(h)
            z = gate(p + w["bias_gate"])
            new = update(p + w["bias_update"])
            return z * h + (tf.sigmoid(w["zeta"]) * (1 - z) + tf.sigmoid(w["nu"])) * new, c
        if self.kind == "ugrnn":
            z, new = tf.split(wx + self.recurrent(h) + w["bias"], 2, axis=1)
            return gate(z) * h + (1 - gate(z)) * update(new), c
        if self.kind == "lstm":
            i, f, g, o = tf.split(wx + self.recurrent(h) + w["bias"], 4, axis=1)
            c = gate(f) * c + gate(i) * update(g)
            return gate(o) * update(c), c
        z, r, g = tf.split(wx + w["bias"], 3, axis=1)
        uz, ur = tf.split(self.recurrent(h), 2, axis=1)
        z, r = gate(z + uz), gate(r + ur)
        return z * h + (1 - z) * update(g + self.recurrent(r * h, "recurrent_candidate")), c


def edgeml():
    def classifier(*layers, normalised=False):
        def build(x):
            y = Normalised()(x) if normalised else x
            for i, (kind, options) in enumerate(layers):
                y = Edgeml(f"recurrent.{i}", kind, sequence=i < len(layers) - 1, **options)(y)
            return dense("classifier", LABELS)(y)
        return build

    record("fastgrnn", "edgeml/fastgrnn", {"hidden_units": 7, "normalize": 1}, 9, 5,
           classifier(("fastgrnn", {"units": 7}), normalised=True))
    record("fastgrnn_low_rank", "edgeml/fastgrnn", {
        "num_layers": 2, "hidden_units": 7, "wRank": 3, "uRank": 4, "hidden_units2": 6, "uRank2": 2, "gateNonlinearity": "quantSigm",
        "updateNonlinearity": "quantTanh"}, 9, 5, classifier(
            ("fastgrnn", {"units": 7, "w_rank": 3, "u_rank": 4, "gate": "quantSigm", "update": "quantTanh"}),
            ("fastgrnn", {"units": 6, "u_rank": 2, "gate": "quantSigm", "update": "quantTanh"})))
    record("fastrnn", "edgeml/fastrnn", {"hidden_units": 7, "uRank": 3}, 9, 5, classifier(("fastrnn", {"units": 7, "u_rank": 3})))
    record("ugrnn", "edgeml/ugrnn", {"hidden_units": 7, "wRank": 3, "gateNonlinearity": "quantSigm4"}, 9, 5,
           classifier(("ugrnn", {"units": 7, "w_rank": 3, "gate": "quantSigm4"})))
    record("edgeml_gru", "edgeml/gru", {"hidden_units": 7}, 9, 5, classifier(("gru", {"units": 7})))
    record("edgeml_gru_low_rank", "edgeml/gru", {"hidden_units": 7, "wRank": 3, "uRank": 4}, 9, 5,
           classifier(("gru", {"units": 7, "w_rank": 3, "u_rank": 4})))
    record("edgeml_lstm", "edgeml/lstm", {"hidden_units": 7, "uRank": 4}, 9, 5, classifier(("lstm", {"units": 7, "u_rank": 4})))


def torch_norm(path):
    return kl.BatchNormalization(epsilon=1e-5, name=f"{path}.norm")


def torch_conv(path, x, filters, kernel, stride=1, activation=True):
    y = kl.ZeroPadding2D((kernel - 1) // 2)(x)
    y = torch_norm(path)(conv(path, filters, (kernel, kernel), "valid", (stride, stride))(y))
    return relu(y) if activation else y


def torch_depthwise(path, x, stride, activation):
    y = torch_norm(path)(depthwise(path, (3, 3), "valid", (stride, stride))(kl.ZeroPadding2D(1)(x)))
    return relu(y) if activation else y


def pooled(x):
    return kl.MaxPooling2D(3, 2, "valid")(kl.ZeroPadding2D(1)(x))


def speechrec():
    def resnet(x):
        y = pooled(torch_conv("stem", as_map(x), 4, 7, 2))
        for stage, (filters, stride) in enumerate([(4, 1), (6, 2)]):
            for i in range(2):
                path, step = f"stages.{stage}.{i}", stride if i == 0 else 1
                z = torch_conv(f"{path}.second", torch_conv(f"{path}.first", y, filters, 3, step), filters, 3, 1, False)
                short = y if step == 1 and y.shape[-1] == filters else torch_conv(f"{path}.projection", y, filters, 1, step, False)
                y = relu(z + short)
        return dense("classifier", LABELS)(average(y))

    record("resnet18", "speechrec/resnet18", {"channels": [4, 6]}, 20, 17, resnet)

    def mobilenet(x):
        y = torch_conv("stem", as_map(x), 8, 3, 2)
        block = 0
        for expansion, filters, count, stride in [(1, 8, 1, 1), (6, 8, 2, 2), (6, 8, 3, 2), (6, 8, 4, 2), (6, 8, 3, 1), (6, 8, 3, 2), (6, 16, 1, 1)]:
            for i in range(count):
                path, step = f"blocks.{block}", stride if i == 0 else 1
                z = y if expansion == 1 else torch_conv(f"{path}.widen", y, 48, 1)
                z = torch_conv(f"{path}.narrow", torch_depthwise(f"{path}.depthwise", z, step, True), filters, 1, 1, False)
                y = y + z if step == 1 and filters == y.shape[-1] else z
                block += 1
        return dense("classifier", LABELS)(average(torch_conv("head", y, 1280, 1)))

    record("mobilenetv2", "speechrec/mobilenetv2", {"dropout": 0}, 20, 17, mobilenet)

    def shufflenet(x):
        def filtered(path, z, filters, stride):
            z = torch_depthwise(f"{path}.depthwise", torch_conv(f"{path}.widen", z, filters, 1), stride, False)
            return torch_conv(f"{path}.pointwise", z, filters, 1)

        y = pooled(torch_conv("stem", as_map(x), 6, 3, 2))
        for stage, (filters, count) in enumerate([(8, 2), (12, 2)]):
            for i in range(count):
                path, half = f"stages.{stage}.{i}", filters // 2
                if i == 0:
                    left = torch_conv(f"{path}.pass.pointwise", torch_depthwise(f"{path}.pass.depthwise", y, 2, False), half, 1)
                    right = filtered(path, y, half, 2)
                else:
                    left, right = y[..., :half], filtered(path, y[..., half:], half, 1)
                # Channel c of the left half, then channel c of the right.
                joined = tf.keras.ops.stack([left, right], axis=-1)
                y = kl.Reshape((left.shape[1], left.shape[2], filters))(joined)
        return dense("classifier", LABELS)(average(torch_conv("head", y, 9, 1)))

    record("shufflenetv2", "speechrec/shufflenetv2", {"channels": [6, 8, 12, 9], "repeats": [2, 2]}, 20, 17, shufflenet)


def wake_words():
    def sww(x):
        y = as_channels(x)
        for i, (kernel, filters) in enumerate([(3, 5), (4, 6)]):
            y = depthwise(f"blocks.{i}.depthwise", (kernel, 1), "valid")(y)
            y = relu(norm(f"blocks.{i}.pointwise.norm")(conv(f"blocks.{i}.pointwise", filters, (1, 1))(y)))
        return dense("classifier", LABELS)(kl.Flatten()(y))

    record("streaming_wakeword", "mlperf_tiny/streaming_wakeword", {"kernel_sizes": [3, 4], "filters": [5, 6], "dropout": 0}, 8, 5, sww)

    def mixednet(x):
        def pointwise(path, y, filters):
            return norm(f"{path}.norm")(conv(path, filters, (1, 1))(y))

        y = relu(conv("stem", 7, (3, 1), "valid", (2, 1))(as_channels(x)))
        for i, (filters, repeat, sizes, residual) in enumerate([(6, 2, (3, 5), True), (8, 1, (2,), False)]):
            path = f"blocks.{i}"
            short = pointwise(f"{path}.residual", y, filters) if residual else None
            for j in range(repeat):
                share = y.shape[-1] // len(sizes)
                first = y.shape[-1] - share * (len(sizes) - 1)
                parts, start = [], 0
                for n, size in enumerate(sizes):
                    stop = start + (first if n == 0 else share)
                    parts.append(depthwise(f"{path}.{j}.depthwise.{n}", (size, 1), "valid")(y[..., start:stop]))
                    start = stop
                least = parts[-1].shape[1]
                y = kl.Concatenate()([part[:, part.shape[1] - least:] for part in parts]) if len(parts) > 1 else parts[0]
                y = pointwise(f"{path}.{j}.pointwise", y, filters)
                if short is not None:
                    y = y + short[:, short.shape[1] - y.shape[1]:]
                y = relu(y)
        return dense("classifier", LABELS)(kl.Flatten()(y))

    record("mixednet", "micro_wake_word/mixednet", {
        "pointwise_filters": [6, 8], "repeat_in_block": [2, 1], "mixconv_kernel_sizes": [[3, 5], [2]], "residual_connection": [1, 0],
        "first_conv_filters": 7, "first_conv_kernel_size": 3, "stride": 2}, 27, 5, mixednet)


for group in (hello_edge, edgeml, speechrec, wake_words):
    group()
golden_file.write("other_zoo.json", f"tensorflow {tf.__version__}, keras {keras.__version__}", CASES)
