"""ops_torch.json: forward results and gradients of PyTorch for the operations of the graph, losses, cells, optimizers.

Needs torch 2.15.0, numpy 2.4.6. Everything runs twice: in float32 (`outputs`, `gradients`) and in float64
(`reference`), from the same inputs, which are exact in float32. Layouts are those of earshot: activations
[batch, time, frequency, channel], kernels [time, frequency, in, out], depthwise kernels [time, frequency, channels, 1],
dense kernels [in, out], gates side by side in the last axis.
"""

import numpy as np
import torch
import torch.nn.functional as functional

import golden_file
from golden_file import normal

CASES = []


def record(name, attributes, inputs, compute, constants=None, differentiable=None):
    """Runs compute(inputs, constants) -> {name: tensor} in both precisions, with a random gradient for each output."""
    constants = constants or {}
    differentiable = list(inputs) if differentiable is None else differentiable
    upstream, results = None, {}
    for dtype in (torch.float32, torch.float64):
        leaves = {key: torch.from_numpy(value).to(dtype).requires_grad_(key in differentiable) for key, value in inputs.items()}
        outputs = compute(leaves, {key: torch.from_numpy(np.asarray(value)) for key, value in constants.items()})
        if upstream is None:
            shapes = {key: tuple(value.shape) for key, value in outputs.items() if value.requires_grad}
            upstream = {key: normal(name, f"upstream {key}", shape) for key, shape in shapes.items()}
        seeds = [torch.from_numpy(np.asarray(value)).to(dtype) for value in upstream.values()]
        wanted = [leaves[key] for key in differentiable]
        gradients = torch.autograd.grad([outputs[key] for key in upstream], wanted, seeds) if wanted else []
        results[dtype] = (
            {key: value.detach().numpy() for key, value in outputs.items()},
            {key: value.numpy() for key, value in zip(differentiable, gradients)})
    single, double = results[torch.float32], results[torch.float64]
    worst = max(golden_file.relative_difference(single[i], double[i]) for i in (0, 1))
    print(f"{name}: float32 against float64, {worst:.3g} of the largest value")
    CASES.append(golden_file.case(
        name, attributes, {**inputs, **constants}, single[0], single[1] or None,
        {"outputs": double[0], "gradients": double[1]}, upstream or None))


def same_padding(size, kernel, stride, dilation):
    """TensorFlow's SAME: the smaller half comes first."""
    reach = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def convolve(x, kernel, bias, stride, dilation, padding, groups=1):
    """x [N, H, W, C], kernel as torch has it: [out, in / groups, h, w]."""
    if padding == "same":
        top, bottom = same_padding(x.shape[1], kernel.shape[2], stride[0], dilation[0])
        left, right = same_padding(x.shape[2], kernel.shape[3], stride[1], dilation[1])
        x = functional.pad(x, (0, 0, left, right, top, bottom))
    y = functional.conv2d(x.permute(0, 3, 1, 2), kernel, bias, stride, 0, dilation, groups)
    return y.permute(0, 2, 3, 1)


def convolutions():
    for name, shape, kernel, stride, dilation, padding in [
        ("conv2d_3x3_valid", (2, 7, 6, 3), (3, 3, 3, 4), (1, 1), (1, 1), "valid"),
        ("conv2d_3x3_same", (2, 7, 6, 3), (3, 3, 3, 4), (1, 1), (1, 1), "same"),
        ("conv2d_3x3_same_stride2_even", (2, 8, 6, 3), (3, 3, 3, 4), (2, 2), (1, 1), "same"),
        ("conv2d_3x3_same_stride2_odd", (2, 7, 5, 3), (3, 3, 3, 4), (2, 2), (1, 1), "same"),
        ("conv2d_5x3_valid_stride2x1", (2, 12, 7, 2), (5, 3, 2, 5), (2, 1), (1, 1), "valid"),
        ("conv2d_10x4_same_stride2", (2, 25, 10, 1), (10, 4, 1, 6), (2, 2), (1, 1), "same"),
        ("conv2d_10x4_same_stride2x1", (1, 25, 10, 1), (10, 4, 1, 6), (2, 1), (1, 1), "same"),
        ("conv2d_3x3_valid_dilation2x1", (2, 9, 6, 3), (3, 3, 3, 4), (1, 1), (2, 1), "valid"),
        ("conv2d_3x3_same_dilation2x2", (2, 9, 6, 3), (3, 3, 3, 4), (1, 1), (2, 2), "same"),
        ("conv2d_1x1", (2, 6, 5, 7), (1, 1, 7, 9), (1, 1), (1, 1), "valid"),
        ("conv2d_1x1_stride2", (2, 7, 5, 4), (1, 1, 4, 3), (2, 2), (1, 1), "same"),
    ]:
        inputs = {"x": normal(name, "x", shape), "kernel": normal(name, "kernel", kernel, 0.3), "bias": normal(name, "bias", kernel[3:])}
        attributes = {"op": "conv2d", "stride": stride, "dilation": dilation, "padding": padding}
        record(name, attributes, inputs, lambda t, _: {
            "y": convolve(t["x"], t["kernel"].permute(3, 2, 0, 1), t["bias"], stride, dilation, padding)})
    for name, shape, kernel, stride, dilation, padding in [
        ("depthwise_3x3_same", (2, 7, 6, 5), (3, 3, 5, 1), (1, 1), (1, 1), "same"),
        ("depthwise_3x3_same_stride2_even", (2, 8, 6, 5), (3, 3, 5, 1), (2, 2), (1, 1), "same"),
        ("depthwise_3x3_same_stride2_odd", (2, 7, 5, 5), (3, 3, 5, 1), (2, 2), (1, 1), "same"),
        ("depthwise_10x1_valid", (2, 14, 1, 6), (10, 1, 6, 1), (1, 1), (1, 1), "valid"),
        ("depthwise_3x3_valid_dilation2x2", (2, 9, 7, 4), (3, 3, 4, 1), (1, 1), (2, 2), "valid"),
    ]:
        channels = shape[3]
        inputs = {"x": normal(name, "x", shape), "kernel": normal(name, "kernel", kernel), "bias": normal(name, "bias", (channels,))}
        attributes = {"op": "depthwiseConv2d", "stride": stride, "dilation": dilation, "padding": padding}
        record(name, attributes, inputs, lambda t, _: {
            "y": convolve(t["x"], t["kernel"].permute(2, 3, 0, 1), t["bias"], stride, dilation, padding, channels)})
    for name, shape in [("dense", (5, 7)), ("dense_per_frame", (2, 5, 7))]:
        inputs = {"x": normal(name, "x", shape), "kernel": normal(name, "kernel", (7, 4)), "bias": normal(name, "bias", (4,))}
        record(name, {"op": "dense"}, inputs, lambda t, _: {"y": t["x"] @ t["kernel"] + t["bias"]})


def normalisation():
    for name, shape, scale in [("batch_norm_training", (4, 5, 3, 6), True), ("batch_norm_training_no_gamma", (4, 5, 3, 6), False),
                               ("batch_norm_training_dense", (8, 6), True)]:
        inputs = {"x": normal(name, "x", shape, 2.0) + np.float32(0.5), "beta": normal(name, "beta", (6,))}
        if scale:
            inputs["gamma"] = normal(name, "gamma", (6,)) + np.float32(1)
        axes = tuple(range(len(shape) - 1))

        def training(t, _):
            moved = t["x"].movedim(-1, 1)
            y = functional.batch_norm(moved, None, None, t.get("gamma"), t["beta"], training=True, eps=1e-3)
            still = t["x"].detach()
            return {"y": y.movedim(1, -1), "mean": still.mean(axes), "variance": still.var(axes, correction=0)}

        record(name, {"op": "batchNorm", "training": True, "epsilon": 1e-3, "scale": scale, "variance": "biased"}, inputs, training)
    name = "batch_norm_inference"
    inputs = {"x": normal(name, "x", (4, 5, 3, 6)), "gamma": normal(name, "gamma", (6,)), "beta": normal(name, "beta", (6,)),
              "mean": normal(name, "mean", (6,)), "variance": np.abs(normal(name, "variance", (6,))) + np.float32(0.01)}
    record(name, {"op": "batchNorm", "training": False, "epsilon": 1e-3, "scale": True}, inputs, lambda t, _: {
        "y": functional.batch_norm(t["x"].movedim(-1, 1), t["mean"], t["variance"], t["gamma"], t["beta"], False, 0, 1e-3).movedim(1, -1)},
        differentiable=["x", "gamma", "beta"])


def losses():
    labels = np.array([3, 0, 11, 7, 3, 1, 9, 10], np.int64)
    weights = np.linspace(0.25, 2, 12).astype(np.float32)
    for name, smoothing, weighted in [("cross_entropy", 0.0, False), ("cross_entropy_smoothing", 0.1, False),
                                      ("cross_entropy_weights", 0.0, True), ("cross_entropy_smoothing_weights", 0.1, True)]:
        for reduction in ("mean", "none"):
            case = f"{name}_{reduction}"
            inputs = {"logits": normal(name, "logits", (8, 12), 3.0)}
            if weighted:
                inputs["classWeights"] = weights
            record(case, {
                "op": "softmaxCrossEntropy", "labelSmoothing": smoothing, "reduction": reduction, "weighted": weighted,
                "convention": "torch: with class weights the mean divides by the sum of the weights of the labels, and the "
                              "smoothing term is weighted class by class"},
                inputs, lambda t, c: {"loss": functional.cross_entropy(
                    t["logits"], c["labels"].long(), t.get("classWeights"), label_smoothing=smoothing, reduction=reduction)},
                {"labels": labels.astype(np.int32)}, ["logits"])


def elementwise():
    spread = np.concatenate([np.linspace(-12, 12, 33), [-90, -30, -1e-3, -1e-6, 0, 1e-6, 1e-3, 30, 80]]).astype(np.float32)
    positive = np.logspace(-12, 6, 40).astype(np.float32)
    mild = normal("elementwise", "x", (3, 17), 3.0)
    for name, function, values in [
        ("relu", torch.relu, spread), ("sigmoid", torch.sigmoid, spread), ("tanh", torch.tanh, spread),
        ("exp", torch.exp, mild), ("log", torch.log, positive), ("sqrt", torch.sqrt, positive),
    ]:
        record(name, {"op": name}, {"x": values}, lambda t, _: {"y": function(t["x"])})
    record("exp_wide", {"op": "exp"}, {"x": np.linspace(-80, 80, 41).astype(np.float32)}, lambda t, _: {"y": torch.exp(t["x"])})
    logits = normal("softmax", "x", (4, 12), 8.0)
    record("softmax", {"op": "softmax", "axis": -1}, {"x": logits}, lambda t, _: {"y": torch.softmax(t["x"], -1)})
    record("log_softmax", {"op": "logSoftmax", "axis": -1}, {"x": logits}, lambda t, _: {"y": torch.log_softmax(t["x"], -1)})


def reductions():
    x = normal("reductions", "x", (3, 5, 4, 6))
    for kind, function in [("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax)]:
        for axes, keep in [((1,), False), ((1, 2), False), ((3,), True), ((0, 1, 2, 3), False), ((0, 2), True)]:
            name = f"{kind}_axes{''.join(map(str, axes))}{'_keep' if keep else ''}"
            record(name, {"op": kind, "axes": axes, "keepDimensions": keep}, {"x": x}, lambda t, _: {
                "y": function(t["x"], dim=axes, keepdim=keep)})
    record("max_ties", {"op": "max", "axes": [1], "keepDimensions": False, "convention": "ties share the gradient evenly"},
           {"x": np.array([[1, 3, 3, 0], [2, 2, 2, 2]], np.float32)}, lambda t, _: {"y": torch.amax(t["x"], 1)})
    record("global_average_pool", {"op": "mean", "axes": [1, 2], "keepDimensions": True}, {"x": x}, lambda t, _: {
        "y": functional.avg_pool2d(t["x"].permute(0, 3, 1, 2), (5, 4)).permute(0, 2, 3, 1)})


def cell(name, kind, initial):
    """torch.nn.GRU or LSTM, whose gates are [r, z, h] and [i, f, g, o]; the GRU's are brought into the order z, r, h."""
    batch, steps, size, units = 3, 7, 5, 6
    gates = 3 if kind == "gru" else 4
    inputs = {"x": normal(name, "x", (batch, steps, size)), "kernel": normal(name, "kernel", (size, gates * units), 0.5),
              "recurrentKernel": normal(name, "recurrentKernel", (units, gates * units), 0.5), "bias": normal(name, "bias", (gates * units,), 0.5)}
    if kind == "gru":
        inputs["recurrentBias"] = normal(name, "recurrentBias", (gates * units,), 0.5)
    states = ["h"] if kind == "gru" else ["h", "c"]
    if initial:
        inputs.update({f"{s}0": normal(name, f"{s}0", (batch, units)) for s in states})

    def reorder(matrix):
        if kind == "lstm":
            return matrix
        z, r, h = matrix.split(units, -1)
        return torch.cat([r, z, h], -1)

    def run(t, _):
        zeros = torch.zeros(batch, units, dtype=t["x"].dtype)
        first = [t.get(f"{s}0", zeros)[None] for s in states]
        recurrent_bias = t.get("recurrentBias", torch.zeros(gates * units, dtype=t["x"].dtype))
        module = (torch.nn.GRU if kind == "gru" else torch.nn.LSTM)(size, units, batch_first=True)
        weights = {"weight_ih_l0": reorder(t["kernel"]).T, "weight_hh_l0": reorder(t["recurrentKernel"]).T,
                   "bias_ih_l0": reorder(t["bias"]), "bias_hh_l0": reorder(recurrent_bias)}
        y, last = torch.func.functional_call(module, weights, (t["x"], first[0] if kind == "gru" else tuple(first)))
        return {"y": y} if kind == "gru" else {"y": y, "cLast": last[1][0]}

    order = "z, r, h; reset after: h' = z h + (1 - z) tanh(W x + b + r (U h + b2))" if kind == "gru" else "i, f, c, o; forget bias inside bias"
    record(name, {"op": kind, "gates": order, "units": units}, inputs, run)


def optimizers():
    for name, make, attributes in [
        ("sgd", torch.optim.SGD, {"lr": 0.1}), ("sgd_momentum", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
        ("sgd_nesterov", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("adam", torch.optim.Adam, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8}),
        ("adam_betas", torch.optim.Adam, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-7}),
        ("adamw", torch.optim.AdamW, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.05}),
    ]:
        start, gradients = normal(name, "start", (11,)), normal(name, "gradients", (5, 11))
        gradients[:, 0], gradients[:, 1] = 0, gradients[:, 1] * np.float32(1e-6)

        def run(t, _):
            parameter = torch.nn.Parameter(t["parameter"].clone())
            optimizer, path = make([parameter], **attributes), []
            for gradient in t["gradient"]:
                parameter.grad = gradient.clone()
                optimizer.step()
                path.append(parameter.detach().clone())
            return {"parameters": torch.stack(path)}

        record(f"optimizer_{name}", {"op": "optimizer", "optimizer": name, **attributes}, {"parameter": start, "gradient": gradients}, run,
               differentiable=[])
    for name, limit in [("clip_active", 1.0), ("clip_inactive", 100.0)]:
        inputs = {"a": normal(name, "a", (4, 3)), "b": normal(name, "b", (7,))}

        def clip(t, _):
            parameters = [torch.nn.Parameter(torch.zeros_like(value)) for value in t.values()]
            for parameter, value in zip(parameters, t.values()):
                parameter.grad = value.clone()
            norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
            return {"norm": norm, "a": parameters[0].grad, "b": parameters[1].grad}

        record(name, {"op": "clipByGlobalNorm", "maxNorm": limit, "convention": "factor = min(1, maxNorm / (norm + 1e-6))"}, inputs, clip,
               differentiable=[])


def main():
    torch.set_num_threads(1)
    convolutions()
    normalisation()
    losses()
    elementwise()
    reductions()
    cell("gru_zero_state", "gru", False)
    cell("gru_given_state", "gru", True)
    cell("lstm_zero_state", "lstm", False)
    cell("lstm_given_state", "lstm", True)
    optimizers()
    golden_file.write("ops_torch.json", f"torch {torch.__version__.split('+')[0]}", CASES)


if __name__ == "__main__":
    main()
