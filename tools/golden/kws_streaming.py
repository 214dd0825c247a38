"""kws_streaming.json: small networks of kws_streaming, built from Keras layers, with drawn weights.

Needs tensorflow-cpu 2.21.0, keras 3.15.1, numpy 2.4.6. Layers carry the paths of earshot's parameters as names, so that weights find their
places. Everything is computed in float64 and in inference mode. Weights are not stored but drawn by name with a generator of
32 bits that the test repeats; of a weight's gradient two numbers are stored: its product with another such drawing, and its sum of squares.
The LSTM with peepholes, which Keras does not have, is written down from the documentation of tf.compat.v1.nn.rnn_cell.LSTMCell.
"""

from kws_layers import (
    CASES, LABELS, Peepholes, Scaled, as_channels, as_map, average, conv, dense, depthwise, golden_file, hidden, keras, kl, norm, record, relu, tf)


def recurrent():
    def plain(layer, *rest):
        return lambda x: hidden(kl.Flatten()(layer("recurrent.0", *rest)(x)), 5, 6)

    common = {"stateful": 0, "units1": [5, 6], "dropout1": 0}
    record("gru", "gru", {**common, "gru_units": [7]}, 9, 5, lambda x: hidden(kl.GRU(7, name="recurrent.0")(x), 5, 6))
    record("gru_reset_before", "gru", {**common, "gru_units": [7], "reset_after": 0}, 9, 5,
           lambda x: hidden(kl.GRU(7, reset_after=False, name="recurrent.0")(x), 5, 6))
    lstm = {**common, "act1": ["linear", "relu"], "lstm_units": [7]}
    record("lstm", "lstm", {**lstm, "use_peepholes": 0, "num_proj": [-1]}, 9, 5, plain(lambda path: kl.LSTM(7, name=path)))
    record("lstm_peepholes", "lstm", {**lstm, "num_proj": [4]}, 9, 5, plain(lambda path: Peepholes(path, 7, 4, False)))
    record("lstm_two_layers", "lstm", {**lstm, "lstm_units": [7, 6], "num_proj": [4, 3], "return_sequences": [1, 1]}, 6, 5,
           lambda x: hidden(kl.Flatten()(Peepholes("recurrent.1", 6, 3, True)(Peepholes("recurrent.0", 7, 4, True)(x))), 5, 6))


def attention():
    def network(cell, heads):
        def build(x):
            y = as_map(x)
            for i, filters in enumerate((3, 1)):
                y = norm(f"convolutions.{i}.norm")(conv(f"convolutions.{i}", filters, (5, 1), bias=True, activation="relu")(y))
            y = kl.Reshape((x.shape[1], -1))(y)
            for i in range(2):
                y = kl.Bidirectional(cell(4, return_sequences=True), name=f"recurrent.{i}")(y)
            middle = y[:, y.shape[1] // 2]
            seen = []
            for head in range(heads):
                query = dense(f"attention.{head}", y.shape[2])(middle)
                weights = kl.Softmax()(kl.Dot(axes=[1, 2])([query, y]))
                seen.append(kl.Dot(axes=[1, 1])([weights, y]))
            y = kl.Concatenate()(seen) if heads > 1 else seen[0]
            return dense("classifier", LABELS)(dense("hidden.1", 6)(dense("hidden.0", 5, "relu")(y)))
        return build

    options = {"cnn_filters": [3, 1], "rnn_units": 4, "units2": [5, 6], "dropout1": 0}
    record("att_rnn", "att_rnn", options, 9, 5, network(kl.GRU, 1))
    record("att_mh_rnn_lstm", "att_mh_rnn", {**options, "heads": 3, "rnn_type": "lstm"}, 8, 5, network(kl.LSTM, 3))


def feed_forward():
    def dnn(x):
        y = kl.Flatten()(dense("frame.1", 6, "relu")(dense("frame.0", 5, "relu")(x)))
        y = kl.MaxPooling1D(3, 2)(kl.Reshape((-1, 1))(y))
        return hidden(kl.Flatten()(y), 5, 6)

    record("dnn", "dnn", {"units1": [5, 6], "pool_size": 3, "strides": 2, "units2": [5, 6], "dropout1": 0}, 9, 5, dnn)

    def cnn(revision):
        def build(x):
            y = as_map(x)
            for i, (filters, kernel, strides) in enumerate([(4, (3, 3), (2, 2)), (5, (4, 2), (1, 1))]):
                if revision == "2022":
                    y = kl.ZeroPadding2D(((kernel[0] - 1 - (strides[0] - 1), 0), (0, 0)))(y)
                    y = norm(f"convolutions.{i}.norm")(conv(f"convolutions.{i}", filters, kernel, "valid", strides, True)(y))
                    y = relu(y)
                else:
                    y = conv(f"convolutions.{i}", filters, kernel, "valid", strides, True, "relu")(y)
            return hidden(kl.Flatten()(y), 5, 6)
        return build

    for revision in ("2021", "2022"):
        options = {"revision": revision, "cnn_filters": [4, 5], "cnn_kernel_size": [[3, 3], [4, 2]], "cnn_act": ["relu", "relu"],
                   "cnn_dilation_rate": [[1, 1], [1, 1]], "cnn_strides": [[2, 2], [1, 1]], "units2": [5, 6], "dropout1": 0}
        record(f"cnn_{revision}", "cnn", options, 14, 9, cnn(revision))

    def ds_cnn(x):
        y = relu(norm("stem.norm", False)(conv("stem.convolution", 5, (3, 3), "same", (2, 1), True)(as_map(x))))
        for i, strides in enumerate([(2, 2), (1, 1)]):
            y = relu(norm(f"blocks.{i}.depthwise_norm", False)(depthwise(f"blocks.{i}.depthwise", (3, 3), "same", strides, True)(y)))
            y = relu(norm(f"blocks.{i}.pointwise_norm", False)(conv(f"blocks.{i}.pointwise", 6, 1, "valid", bias=True)(y)))
        return dense("classifier", LABELS)(average(y))

    record("ds_cnn", "ds_cnn", {
        "cnn1_dilation_rate": [1, 1], "cnn1_strides": [2, 1], "cnn1_padding": "same", "cnn1_filters": 5, "dw2_kernel_size": [[3, 3], [3, 3]],
        "dw2_dilation_rate": [[1, 1], [1, 1]], "dw2_strides": [[2, 2], [1, 1]], "dw2_padding": "same", "dw2_act": ["relu", "relu"],
        "cnn2_filters": [6, 6], "cnn2_act": ["relu", "relu"], "dropout1": 0}, 13, 6, ds_cnn)


def residual():
    def tc_resnet(normalise):
        def build(x):
            def layer(path, y, filters, stride, kernel=(9, 1)):
                return normalise(f"{path}.norm", conv(path, filters, kernel, "same", stride, True)(y))

            y = relu(layer("stem", as_channels(x), 6, 1, (3, 1)))
            for i, filters in enumerate((8, 8, 5)):
                changes = filters != y.shape[-1]
                stride = 2 if changes else 1
                short = relu(layer(f"blocks.{i}.shortcut", y, filters, stride, (1, 1))) if changes else y
                main = layer(f"blocks.{i}.second", relu(layer(f"blocks.{i}.first", y, filters, stride)), filters, 1)
                y = relu(main + short)
            return dense("classifier", LABELS)(average(y))
        return build

    def absolute(path, y):
        centred = y - keras.ops.mean(y, axis=-1, keepdims=True)
        return Scaled(name=path)(centred / (keras.ops.mean(keras.ops.abs(centred), axis=-1, keepdims=True) + 0.001))

    channels = {"channels": [6, 8, 8, 5], "dropout": 0}
    record("tc_resnet", "tc_resnet", channels, 13, 7, tc_resnet(lambda path, y: norm(path)(y)))
    record("tc_resnet_layer_norm", "tc_resnet", {**channels, "use_layer_norm": 1}, 13, 7,
           tc_resnet(lambda path, y: kl.LayerNormalization(epsilon=0.001, name=path)(y)))
    record("tc_resnet_absolute_norm", "tc_resnet", {**channels, "use_layer_norm": 2}, 13, 7, tc_resnet(absolute))

    def ds_tc_resnet(padding):
        def build(x):
            def padded(y, kernel, stride):
                total = kernel - 1 - (stride - 1)
                before = total if padding == "causal" else total // 2
                return kl.ZeroPadding2D(((before, total - before), (0, 0)))(y)

            y = as_channels(x)
            for i, (filters, repeat, separable, short, kernel, stride, pool) in enumerate(
                    [(6, 2, True, False, 4, 1, 2), (5, 2, True, True, 3, 1, 1), (7, 1, True, False, 3, 2, 1), (5, 1, False, False, 3, 1, 1)]):
                path, given = f"blocks.{i}", y
                for r in range(repeat):
                    layer = f"{path}.layers.{r}"
                    if r > 0:
                        y = relu(y)
                    if separable:
                        y = depthwise(f"{layer}.depthwise", (kernel, 1), "valid", (stride, stride))(padded(y, kernel, stride))
                        y = conv(f"{layer}.pointwise", filters, 1)(y)
                    else:
                        y = conv(f"{layer}.convolution", filters, (kernel, 1), "valid")(padded(y, kernel, 1))
                    y = norm(f"{layer}.norm")(y)
                if short:
                    y = y + norm(f"{path}.shortcut.norm")(conv(f"{path}.shortcut", filters, 1)(given))
                y = relu(y)
                if pool > 1:
                    y = kl.AveragePooling2D((pool, 1), (pool, 1))(y)
            return dense("classifier", LABELS)(average(y))
        return build

    for padding in ("same", "causal"):
        record(f"ds_tc_resnet_{padding}", "ds_tc_resnet", {
            "ds_filters": [6, 5, 7, 5], "ds_repeat": [2, 2, 1, 1], "ds_filter_separable": [1, 1, 1, 0], "ds_residual": [0, 1, 0, 0],
            "ds_padding": [padding] * 4, "ds_kernel_size": [4, 3, 3, 3], "ds_stride": [1, 1, 2, 1], "ds_dilation": [1, 1, 1, 1],
            "ds_pool": [2, 1, 1, 1]}, 16, 5, ds_tc_resnet(padding))

    def bc_resnet(padding, groups):
        def over_time(path, y, kernel, frequency, strides=(1, 1), filters=None):
            if padding == "causal":
                total = kernel[1] - strides[1] if frequency else 0
                y = kl.ZeroPadding2D(((kernel[0] - 1, 0), (total // 2, total - total // 2)))(y)
            mode = "valid" if padding == "causal" else "same"
            return (conv(path, filters, kernel, mode, strides, True) if filters else depthwise(path, kernel, mode, strides, frequency))(y)

        def sub_spectral(path, y):
            shape = y.shape[1:]
            return kl.Reshape(shape)(norm(path)(kl.Reshape((shape[0], shape[1] // groups, shape[2] * groups))(y)))

        def branches(path, y, filters):
            a = sub_spectral(f"{path}.frequency.norm", depthwise(f"{path}.frequency", (1, 3))(y))
            b = over_time(f"{path}.time", keras.ops.mean(a, axis=2, keepdims=True), (3, 1), False)
            b = keras.activations.swish(norm(f"{path}.time.norm")(b))
            return a, conv(f"{path}.pointwise", filters, 1)(b)

        def build(x):
            y = over_time("stem", as_map(x), (5, 5), True, (1, 2), 4)
            for i, (filters, strides) in enumerate([(5, (1, 1)), (6, (1, 2))]):
                path = f"stages.{i}.transition"
                y = relu(norm(f"{path}.widen.norm")(conv(f"{path}.widen", filters, 1, "valid", strides)(y)))
                a, b = branches(path, y, filters)
                y = relu(a + b)
                for n in range(2):
                    a, b = branches(f"stages.{i}.blocks.{n}", y, filters)
                    y = relu(y + a + b)
            y = keras.ops.mean(over_time("last.depthwise", y, (5, 5), True), axis=2, keepdims=True)
            y = conv("last.pointwise", 7, 1)(y)
            return dense("classifier", LABELS, bias=False)(average(y))
        return build

    for padding, groups in (("same", 5), ("causal", 1)):
        record(f"bc_resnet_{padding}", "bc_resnet", {
            "dropouts": [0, 0], "filters": [5, 6], "blocks_n": [2, 2], "strides": [[1, 1], [1, 2]], "dilations": [[1, 1], [1, 1]],
            "paddings": padding, "first_filters": 4, "last_filters": 7, "sub_groups": groups, "pools": [1, 1]}, 11, 20,
            bc_resnet(padding, groups))

    def svdf_resnet(x):
        y = as_channels(x)
        for i, (widths, memories, pool) in enumerate([((6, 5), (3, 4), 2), ((7,), (3,), 2), ((5, 6), (2, 3), 1)]):
            path, given = f"blocks.{i}", y
            for n, (width, memory) in enumerate(zip(widths, memories)):
                layer = f"{path}.layers.{n}"
                y = kl.ZeroPadding2D(((memory - 1, 0), (0, 0)))(dense(f"{layer}.feature", width, bias=False)(y))
                y = norm(f"{layer}.norm", False)(depthwise(f"{layer}.time", (memory, 1), "valid", bias=True)(y))
                y = relu(y) if n < len(widths) - 1 else y
            y = y + norm(f"{path}.shortcut.norm", False)(dense(f"{path}.shortcut", widths[-1], bias=False)(given))
            y = kl.MaxPooling2D((pool, 1), (pool, 1))(relu(y))
        return dense("classifier", LABELS)(dense("hidden.0", 6, "relu")(average(y)))

    record("svdf_resnet", "svdf_resnet", {
        "block1_memory_size": [3, 4], "block2_memory_size": [3], "block3_memory_size": [2, 3], "block1_units1": [6, 5],
        "block2_units1": [7], "block3_units1": [5, 6], "blocks_pool": [2, 2, 1], "units2": [6]}, 13, 7, svdf_resnet)


def reduced():
    def cba(path, y, filters, kernel=1, padding="same", strides=(1, 1), scale=False, activation=relu):
        return activation(norm(f"{path}.norm", scale)(conv(path, filters, kernel, padding, strides)(y)))

    def thin(y, stride):
        return kl.MaxPooling2D((3, 1), (stride, 1))(y) if stride > 1 else y

    def relu6(y):
        return kl.ReLU(6.0)(y)

    def linear(y):
        return y

    def mobilenet(x):
        y = cba("stem", as_channels(x), 6, (3, 1), "valid", (2, 2), True, relu6)
        for i, (filters, strides) in enumerate([(7, (2, 2)), (8, (1, 1))]):
            y = depthwise(f"blocks.{i}.depthwise", (3, 1), "same" if strides == (1, 1) else "valid", strides)(y)
            y = relu6(norm(f"blocks.{i}.depthwise.norm")(y))
            y = cba(f"blocks.{i}.pointwise", y, filters, scale=True, activation=relu6)
        return dense("classifier", LABELS)(average(y))

    record("mobilenet", "mobilenet", {
        "cnn1_filters": 6, "ds_kernel_size": [[3, 1], [3, 1]], "ds_strides": [[2, 2], [1, 1]], "cnn_filters": [7, 8], "dropout": 0},
        17, 7, mobilenet)

    def mobilenet_v2(x):
        y = cba("stem", as_channels(x), 6, (3, 1), "valid", (2, 2), activation=relu6)
        for i, (filters, strides) in enumerate([(6, (1, 1)), (5, (2, 2)), (5, (1, 1))]):
            path, given = f"blocks.{i}", y
            y = cba(f"{path}.widen", y, int(1.5 * y.shape[-1]), activation=relu6)
            y = relu6(norm(f"{path}.depthwise.norm", False)(depthwise(f"{path}.depthwise", (3, 1), "same", strides)(y)))
            y = norm(f"{path}.narrow.norm")(conv(f"{path}.narrow", filters, 1)(y))
            y = given + y if given.shape[-1] == filters and strides == (1, 1) else y
        return dense("classifier", LABELS)(average(y))

    record("mobilenet_v2", "mobilenet_v2", {
        "cnn1_filters": 6, "ds_kernel_size": [[3, 1]] * 3, "cnn_strides": [[1, 1], [2, 2], [1, 1]], "cnn_filters": [6, 5, 5],
        "cnn_expansions": [1.5] * 3, "dropout": 0}, 17, 7, mobilenet_v2)

    def inception(x):
        y = thin(cba("stem.0", as_channels(x), 6, (5, 1), "valid"), 2)
        for i, (inside, outside, kernel, stride) in enumerate([(4, 7, 3, 2), (5, 6, 5, 1)]):
            branches = []
            for n in range(3):
                branch = cba(f"blocks.{i}.branches.{n}.0", y, inside)
                for m in range(1, n + 1):
                    branch = cba(f"blocks.{i}.branches.{n}.{m}", branch, inside, (kernel, 1))
                branches.append(branch)
            y = thin(cba(f"blocks.{i}.join", kl.Concatenate()(branches), outside), stride)
        return dense("classifier", LABELS)(average(y))

    record("inception", "inception", {
        "cnn1_filters": [6], "cnn1_kernel_sizes": [5], "cnn1_strides": [2], "cnn2_filters1": [4, 5], "cnn2_filters2": [7, 6],
        "cnn2_kernel_sizes": [3, 5], "cnn2_strides": [2, 1], "dropout": 0}, 22, 7, inception)

    def inception_resnet(x):
        y = cba("stem.0", as_channels(x), 6, (5, 1), "valid")
        for i, (factor, filters0, filters1, filters2, kernel, stride) in enumerate([(0.2, 4, 5, 7, 3, 2), (1.0, 5, 4, 6, 5, 1)]):
            path = f"blocks.{i}.branches"
            short, long = cba(f"{path}.0.0", y, filters0), cba(f"{path}.1.0", y, filters0)
            for m in (1, 2):
                long = cba(f"{path}.1.{m}", long, filters1, (kernel, 1))
            up = conv(f"blocks.{i}.up", y.shape[-1], 1, bias=True)(kl.Concatenate()([short, long]))
            y = relu(y + norm(f"blocks.{i}.up.norm", False)(up) * factor)
            y = thin(cba(f"blocks.{i}.join", y, filters2), stride)
        return dense("classifier", LABELS)(average(y))

    record("inception_resnet", "inception_resnet", {
        "cnn1_filters": [6], "cnn2_scales": [0.2, 1], "cnn2_filters_branch0": [4, 5], "cnn2_filters_branch1": [5, 4],
        "cnn2_filters_branch2": [7, 6], "cnn2_strides": [2, 1], "cnn2_kernel_sizes": [3, 5], "dropout": 0}, 20, 7, inception_resnet)

    def xception(x):
        y = thin(cba("stem.0", as_channels(x), 6, (5, 1), "valid", scale=True), 2)
        for i, (widths, kernels, stride) in enumerate([((5, 6), (3, 5), 2), ((7,), (3,), 1), ((6,), (5,), 1)]):
            path = f"blocks.{i}"
            short = cba(f"{path}.shortcut", y, widths[-1], scale=True, activation=linear)
            for n, (width, kernel) in enumerate(zip(widths, kernels)):
                layer = f"{path}.layers.{n}"
                y = depthwise(f"{layer}.depthwise", (kernel, 1))(relu(y) if n > 0 else y)
                y = cba(f"{layer}.pointwise", y, width, scale=True, activation=linear)
            y = thin(relu(short + y), stride)
        y = relu(norm("hidden.0.norm")(dense("hidden.0", 5, bias=False)(average(y))))
        return dense("classifier", LABELS)(y)

    record("xception", "xception", {
        "cnn1_filters": [6], "stride2": 2, "stride3": 1, "stride4": 1, "cnn2_filters": [5, 6], "cnn2_kernel_sizes": [3, 5],
        "cnn3_filters": [7], "cnn3_kernel_sizes": [3], "cnn4_filters": [6], "units2": [5]}, 20, 7, xception)


for group in (recurrent, attention, feed_forward, residual, reduced):
    group()
golden_file.write("kws_streaming.json", f"tensorflow {tf.__version__}, keras {keras.__version__}", CASES)
