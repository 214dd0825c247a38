"""One training step in PyTorch, on request, so that a bench in Node can interleave it with its own.

Needs torch 2.15.0 (README of ../golden). Step: forward, cross-entropy, backward, Adam (0.001); batch 100; random input.

First line on stdout: {"ready": true, "torch": version, "parameters": {network: trainable parameters}}.
Request, one JSON line on stdin:  {"network": "ds_cnn_s", "threads": 1, "channelsLast": false, "steps": 11}
  networks: ds_cnn_s, ds_cnn_l, dnn_l, svdf, crnn. Optional "fusedAdam": true (torch's fused CPU Adam; default is as installed).
Answer, one JSON line on stdout:  {"ms": [one number a step], "loss": last loss}  or {"error": "..."}.
Two steps are run before the first timed request of a network and setting. The end of stdin ends the process.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

BATCH = 100
LABELS = 12


class BatchNormWithoutGamma(nn.BatchNorm2d):
    """Hello Edge trains no gamma: it stays 1 and is not a parameter."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-3, momentum=0.04)
        del self.weight
        self.register_buffer("weight", torch.ones(channels))


class SameConv2d(nn.Module):
    """TensorFlow's SAME padding (smaller half first), for a given input size."""

    def __init__(self, inputs, outputs, kernel, stride, size, groups=1):
        super().__init__()
        pads = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(size, stride, kernel)]
        symmetric = all(pad % 2 == 0 for pad in pads)
        # Pads that are even on both sides are left to the convolution, which does them without a copy.
        self.pad = None if symmetric else (pads[1] // 2, pads[1] - pads[1] // 2, pads[0] // 2, pads[0] - pads[0] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, [p // 2 for p in pads] if symmetric else 0, groups=groups)
        self.output_size = [-(-n // s) for n, s in zip(size, stride)]

    def forward(self, x):
        return self.conv(x if self.pad is None else functional.pad(x, self.pad))


class DsCnn(nn.Module):
    """Hello Edge: groups of (features, kernel in time, kernel in frequency, stride in time, stride in frequency)."""

    input_shape = (1, 49, 10)

    def __init__(self, groups):
        super().__init__()
        size, layers, channels = [49, 10], [], 1
        for index, (features, kt, kf, st, sf) in enumerate(groups):
            width = features if index == 0 else channels
            conv = SameConv2d(channels, width, (kt, kf), (st, sf), size, 1 if index == 0 else channels)
            size = conv.output_size
            layers += [conv, BatchNormWithoutGamma(width), nn.ReLU()]
            if index > 0:
                layers += [nn.Conv2d(width, features, 1), BatchNormWithoutGamma(features), nn.ReLU()]
            channels = features
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, LABELS)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class Dnn(nn.Sequential):
    """Hello Edge: hidden layers with ReLU over 25 x 10 coefficients."""

    input_shape = (250,)

    def __init__(self, widths):
        layers, inputs = [], 250
        for width in widths:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        super().__init__(*layers, nn.Linear(inputs, LABELS))


class Svdf(nn.Module):
    """kws_streaming svdf with its defaults, 49 x 30 coefficients; valid in time, so one frame is left at the end."""

    input_shape = (30, 49, 1)

    def __init__(self, memories=(4, 10, 10, 10, 10, 10), units1=(256,) * 6, units2=(128, 128, 128, 128, 128, -1)):
        super().__init__()
        layers, inputs = [], 30
        for memory, rank, projection in zip(memories, units1, units2):
            layers += [nn.Conv2d(inputs, rank, 1, bias=False), nn.Conv2d(rank, rank, (memory, 1), groups=rank), nn.ReLU()]
            inputs = rank
            if projection > 0:
                layers.append(nn.Conv2d(rank, projection, 1))
                inputs = projection
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, LABELS)

    def forward(self, x):
        return self.classifier(self.layers(x).flatten(1))


class Crnn(nn.Module):
    """kws_streaming crnn with its defaults, 49 x 20 coefficients."""

    input_shape = (1, 49, 20)

    def __init__(self):
        super().__init__()
        self.convolutions = nn.Sequential(nn.Conv2d(1, 16, (3, 3)), nn.ReLU(), nn.Conv2d(16, 16, (5, 3)), nn.ReLU())
        self.gru = nn.GRU(256, 256, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(256, 128), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, LABELS))

    def forward(self, x):
        x = self.convolutions(x).permute(0, 2, 3, 1).flatten(2)
        return self.head(self.gru(x)[0][:, -1])


NETWORKS = {
    "ds_cnn_s": lambda: DsCnn([(64, 10, 4, 2, 2)] + [(64, 3, 3, 1, 1)] * 4),
    "ds_cnn_l": lambda: DsCnn([(276, 10, 4, 2, 1), (276, 3, 3, 2, 2)] + [(276, 3, 3, 1, 1)] * 4),
    "dnn_l": lambda: Dnn([436, 436, 436]),
    "svdf": Svdf,
    "crnn": Crnn,
}


class Training:
    def __init__(self, network, channels_last, fused):
        torch.manual_seed(1)
        self.model = NETWORKS[network]()
        self.x = torch.randn(BATCH, *self.model.input_shape)
        self.labels = torch.randint(LABELS, (BATCH,))
        if channels_last and self.x.dim() == 4:
            self.model = self.model.to(memory_format=torch.channels_last)
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        self.model.train()
        self.optimizer = torch.optim.Adam(self.model.parameters(), 0.001, **({"fused": True} if fused else {}))

    def step(self):
        self.optimizer.zero_grad()
        loss = functional.cross_entropy(self.model(self.x), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss


def answer(request, trainings):
    network, threads, steps = request["network"], int(request["threads"]), int(request["steps"])
    if network not in NETWORKS:
        raise ValueError(f"network {network!r} is unknown; known are {', '.join(NETWORKS)}")
    if not (1 <= threads <= 1024 and 1 <= steps <= 100_000):
        raise ValueError("threads and steps must be at least 1")
    key = (network, bool(request.get("channelsLast")), bool(request.get("fusedAdam")))
    torch.set_num_threads(threads)
    if (key, threads) not in trainings:
        trainings[key, threads] = Training(*key)
        for _ in range(2):
            trainings[key, threads].step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        loss = trainings[key, threads].step()
        times.append((time.perf_counter() - start) * 1000)
    return {"ms": times, "loss": loss.item()}


def main():
    parameters = {name: sum(p.numel() for p in make().parameters() if p.requires_grad) for name, make in NETWORKS.items()}
    expected = {"ds_cnn_s": 23_180, "svdf": 354_444, "crnn": 467_772}
    wrong = {name: parameters[name] for name, count in expected.items() if parameters[name] != count}
    if wrong:
        raise SystemExit(f"parameters {wrong}, expected {expected}")
    print(json.dumps({"ready": True, "torch": torch.__version__.split("+")[0], "parameters": parameters}), flush=True)
    trainings = {}
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            result = answer(json.loads(line), trainings)
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
