"""A graph of earshot's as PyTorch computes it: one function an op, in torch's own terms. Gradients are autograd's.

Every function takes the inputs, the attributes, the call (random seed, step and place of a mask, the cell of a scan) and gives a list of results.
Activations are [batch, time, frequency, channel]; torch's convolutions take them permuted.
"""

import numpy as np
import torch
import torch.nn.functional as F


class Run:
    """One walk through the graph in its training form: (seed, step) for the masks, and the batch norms' moments by the names of their buffers."""

    def __init__(self, seed, step):
        self.seed, self.step = seed, step
        self.masks = 0
        self.moments = {}


def pads_of(size, reach, stride, padding, explicit, is_time):
    """Zeros before and after an axis; `same` is TensorFlow's."""
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return (reach - 1 if is_time else 0), 0
    if padding == "explicit":
        return explicit
    if padding != "same":
        raise ValueError(f"padding {padding}")
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def padded(x, window, a, value=0.0):
    """x [B,C,H,W] with what the padding of a window asks for."""
    dilations = a.get("dilations", [1, 1])
    pads = a.get("pads", [0, 0, 0, 0])
    (top, bottom), (left, right) = (
        pads_of(x.shape[2 + d], (window[d] - 1) * dilations[d] + 1, a["strides"][d], a["padding"], pads[2 * d : 2 * d + 2], d == 0)
        for d in (0, 1)
    )
    return F.pad(x, (left, right, top, bottom), value=value) if top or bottom or left or right else x


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def conv2d(x, a, run, node):
    image = padded(channels_first(x[0]), x[1].shape[:2], a)
    kernel = x[1].permute(3, 2, 0, 1).contiguous()
    return [channels_last(F.conv2d(image, kernel, stride=a["strides"], dilation=a["dilations"]))]


def depthwise_conv2d(x, a, run, node):
    image = padded(channels_first(x[0]), x[1].shape[:2], a)
    kernel = x[1].permute(2, 3, 0, 1).contiguous()
    return [channels_last(F.conv2d(image, kernel, stride=a["strides"], dilation=a["dilations"], groups=image.shape[1]))]


def max_pool(x, a, run, node):
    image = padded(channels_first(x[0]), a["window"], a, float("-inf"))
    return [channels_last(F.max_pool2d(image, a["window"], a["strides"]))]


def batch_norm(x, a, run, node):
    """With the batch's own moments; the buffers are moved by the caller. The variance is the biased one, as Keras's buffers have it."""
    features = x[0].movedim(-1, 1) if x[0].dim() > 2 else x[0]
    bias = x[3] if a["center"] else None
    weight = x[-1] if a["scale"] else None
    axes = [i for i in range(x[0].dim()) if i != x[0].dim() - 1]
    with torch.no_grad():
        variance, mean = torch.var_mean(x[0], dim=axes, unbiased=False)
    run.moments.setdefault(node["inputs"][1], []).append((mean, a["momentum"]))
    run.moments.setdefault(node["inputs"][2], []).append((variance, a["momentum"]))
    y = F.batch_norm(features, None, None, weight, bias, True, 0.0, a["epsilon"])
    return [y.movedim(1, -1) if x[0].dim() > 2 else y]


def mixed(h):
    """MurmurHash3's last step, on arrays of uint32."""
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def drawn_mask(shape, rate, rescale, seed, step, salt):
    """The mask that earshot draws: 0 where the upper 24 bits of a hash of (seed, salt, step, element) are below rate."""
    word = lambda n: np.array([n & 0xFFFFFFFF], np.uint32)
    key = mixed(mixed(word(seed) ^ word(salt)) + word(step))
    place = np.arange(int(np.prod(shape)), dtype=np.uint32) + np.uint32(0x9E3779B9)
    kept = (mixed(key ^ mixed(place)) >> np.uint32(8)) >= np.uint32(np.floor(rate * 2**24 + 0.5))
    return torch.from_numpy(np.where(kept, 1 / (1 - rate) if rescale else 1.0, 0.0).reshape(shape))


def dropout(x, a, run, node):
    if a["rate"] == 0:
        return [x[0]]
    shape = list(x[0].shape)
    if a.get("channels"):
        shape = [n if axis in (0, len(shape) - 1) else 1 for axis, n in enumerate(shape)]
    mask = drawn_mask(shape, a["rate"], a.get("rescale", True), run.seed, run.step, run.masks)
    run.masks += 1
    return [x[0] * mask.to(x[0].dtype)]


def slice_(x, a, run, node):
    """The result's shape is known, so an end counts only as far as it says that."""
    ranges = []
    for axis, (begin, stride) in enumerate(zip(a["begin"], a["strides"])):
        first = begin + x[0].shape[axis] if begin < 0 else begin
        count = node["shapes"][0][axis]
        ranges.append(slice(first, first + (count - 1) * stride + 1, stride))
    return [x[0][tuple(ranges)]]


def scan(x, a, run, node):
    states, sequences = int(a["states"]), int(a["sequences"])
    carried, rows, captured = x[:states], [s.unbind(0) for s in x[states : states + sequences]], x[states + sequences :]
    steps = range(len(rows[0]))
    made = [None] * len(rows[0])
    for t in reversed(steps) if a["reverse"] else steps:
        results = evaluate(node["body"], [*carried, *(row[t] for row in rows), *captured], {}, run)
        carried, made[t] = results[:states], results[states:]
    return [*carried, *(torch.stack(outputs) for outputs in zip(*made))]


def reshape(x, a, run, node):
    return [x[0].reshape(node["shapes"][0])]


def pad(x, a, run, node):
    pairs = [n for before, after in zip(reversed(a["before"]), reversed(a["after"])) for n in (before, after)]
    return [F.pad(x[0], pairs)]


def reduction(function):
    return lambda x, a, run, node: [function(x[0], dim=a["axes"], keepdim=a["keep"])]


OPS = {
    "add": lambda x, a, run, node: [x[0] + x[1]],
    "sub": lambda x, a, run, node: [x[0] - x[1]],
    "mul": lambda x, a, run, node: [x[0] * x[1]],
    "affine": lambda x, a, run, node: [x[0] * a["scale"] + a["offset"]],
    "clamp": lambda x, a, run, node: [F.hardtanh(x[0], a["low"], a["high"])],
    "relu": lambda x, a, run, node: [F.relu(x[0])],
    "sigmoid": lambda x, a, run, node: [torch.sigmoid(x[0])],
    "tanh": lambda x, a, run, node: [torch.tanh(x[0])],
    "softmax": lambda x, a, run, node: [F.softmax(x[0], dim=-1)],
    "dense": lambda x, a, run, node: [F.linear(x[0], x[1].t())],
    "transpose": lambda x, a, run, node: [x[0].permute(a["permutation"])],
    "concat": lambda x, a, run, node: [torch.cat(x, dim=a["axis"])],
    "zeros": lambda x, a, run, node: [torch.zeros(node["shapes"][0], dtype=x[0].dtype)],
    "stop_gradient": lambda x, a, run, node: [x[0].detach()],
    "mean": reduction(torch.mean),
    "sum": reduction(torch.sum),
    "reshape": reshape,
    "pad": pad,
    "slice": slice_,
    "conv2d": conv2d,
    "depthwise_conv2d": depthwise_conv2d,
    "max_pool": max_pool,
    "batch_norm": batch_norm,
    "dropout": dropout,
    "scan": scan,
}


def evaluate(graph, inputs, named, run):
    """The graph's outputs, in their order. `inputs`: in the order of the graph's; `named`: parameters and states by name."""
    values = dict(zip((entry["value"] for entry in graph["inputs"]), inputs, strict=True))
    for entry in [*graph["parameters"], *graph["states"]]:
        values[entry["value"]] = named[entry["name"]]
    for node in graph["nodes"]:
        results = OPS[node["op"]]([values[v] for v in node["inputs"]], node["attributes"], run, node)
        for value, result, shape in zip(node["outputs"], results, node["shapes"], strict=True):
            if list(result.shape) != shape:
                raise ValueError(f"{node['op']} gave {list(result.shape)}, and earshot has {shape}")
            values[value] = result
    return [values[entry["value"]] for entry in [*graph["outputs"], *graph["nexts"]]]
