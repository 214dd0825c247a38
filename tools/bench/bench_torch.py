"""One training step in PyTorch, on request, so that a bench in Node can interleave it with its own.

Needs torch 2.15.0 (README of ../golden). Step: forward, cross-entropy, backward, Adam (0.001); random input.

First line on stdout: {"ready": true, "torch": version, "parameters": {network: trainable parameters}}.
Request, one JSON line on stdin:  {"network": "ds_cnn_s", "batch": 100, "threads": 1, "channelsLast": false, "steps": 11}
  networks: those of bench_torch_networks.py. Optional "fusedAdam": true (torch's fused CPU Adam; default is as installed).
Answer, one JSON line on stdout:  {"ms": [one number a step], "loss": last loss}  or {"error": "..."}.
Two steps are run before the first timed request of a network and setting. The end of stdin ends the process.
"""

import json
import sys
import time

import torch
from torch.nn import functional

from bench_torch_networks import LABELS, NETWORKS, build


class Training:
    def __init__(self, network, batch, channels_last, fused):
        torch.manual_seed(1)
        self.model = build(network, channels_last)
        self.x = torch.randn(batch, *self.model.input_shape)
        self.labels = torch.randint(getattr(self.model, "labels", LABELS), (batch,))
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
    network, batch = request["network"], int(request["batch"])
    threads, steps = int(request["threads"]), int(request["steps"])
    if network not in NETWORKS:
        raise ValueError(f"network {network!r} is unknown; known are {', '.join(NETWORKS)}")
    if not (1 <= threads <= 1024 and 1 <= steps <= 100_000 and 1 <= batch <= 4096):
        raise ValueError("threads, steps and batch must be at least 1")
    key = (network, batch, bool(request.get("channelsLast")), bool(request.get("fusedAdam")))
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
