"""The PyTorch side of prove:twins. For every line {"folder": PATH} that it reads, it trains what is in the folder as its recipe says, on the very batches,
and prints one line of JSON: its losses, and how far earshot's losses, gradients, parameters and buffers are from its own.

Needs torch and numpy. The folder is tools/prove/twin/folder.mjs's.
"""

import json
import os
import re
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import interpreter
import optimizers


def safetensors(path):
    """The tensors of a .safetensors file, without its library."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + n for n in entry["data_offsets"])
        kind = {"F32": np.float32, "F64": np.float64}[entry["dtype"]]
        found[name] = torch.from_numpy(np.frombuffer(data[start:end], kind).copy().reshape(entry["shape"]))
    return found


class Batches:
    """features, targets and weights of each step, one after another in one file."""

    def __init__(self, path, shapes):
        self.shapes, self.file = shapes, open(path, "rb")

    def next(self):
        found = []
        for shape in self.shapes:
            values = np.fromfile(self.file, np.float32, int(np.prod(shape)))
            found.append(torch.from_numpy(values.reshape(shape)))
        return found


class Twin:
    """A training of the graph, in float32 or float64."""

    def __init__(self, task, tensors, dtype):
        self.task, self.recipe, self.graph = task, task["recipe"], task["graph"]
        self.dtype = dtype
        self.named = {name: values.to(dtype, copy=True) for name, values in tensors.items()}
        self.trainable = [p["name"] for p in self.graph["parameters"] if p["trainable"]]
        for name in self.trainable:
            self.named[name].requires_grad_(True)
        self.buffers = {p["value"]: p["name"] for p in self.graph["parameters"] if not p["trainable"]}
        r = self.recipe
        self.decayed = [n for n in self.trainable if r["l2Parameters"] == "all" or (
            n in r["l2Parameters"] if r["l2Parameters"] else self.named[n].dim() >= 2)]
        self.in_update = optimizers.takes_decay(r["optimizer"])
        self.optimizer = optimizers.optimizer_of(
            r["optimizer"], {n: self.named[n] for n in self.trainable}, 2 * r["l2"], self.decayed)
        self.states = [s["name"] for s in self.graph["states"]]
        self.kept = {s["name"]: torch.zeros(s["shape"], dtype=dtype) for s in self.graph["states"]}
        self.threshold = optimizers.HardThreshold(r["sparsity"], self.sparse_matrices(), r["steps"])

    def sparse_matrices(self):
        """EdgeML's W and U: what multiplies a recurrent layer's input, and its state."""
        sparsity, found = self.recipe["sparsity"], []
        for name in self.trainable if sparsity else []:
            place = re.match(r"recurrent\..*?(recurrent_)?(kernel(_first)?|first|candidate)$", name)
            kind = place and ("u" if place.group(1) else "w" if place.group(2).startswith("kernel") else None)
            if kind and sparsity[kind] < 1:
                found.append((self.named[name], kind))
        return found

    def forward(self, features, targets, weights, step):
        """The loss that is reported, and the one that is minimised."""
        run = interpreter.Run(self.recipe["seed"], step)
        named = {**self.named, **self.kept}
        results = interpreter.evaluate(self.graph, [features.to(self.dtype)], named, run)
        logits = results[self.task["logits"]]
        each = F.cross_entropy(logits, targets.to(self.dtype), reduction="none", label_smoothing=self.recipe["labelSmoothing"])
        loss = (each * weights.to(self.dtype)).mean()
        total = loss
        if self.recipe["l2"] and not self.in_update:
            total = loss + self.recipe["l2"] * sum(self.named[n].square().sum() for n in self.decayed)
        return loss, total, run, [state.detach() for state in results[len(self.graph["outputs"]) :]]

    def step(self, batch, step):
        if self.task["rolling"] and self.task["rolling"][step - 1]["empty"]:
            for values in self.kept.values():
                values.zero_()
        loss, total, run, nexts = self.forward(*batch, step)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        if self.recipe["clipNorm"]:
            torch.nn.utils.clip_grad_norm_([self.named[n] for n in self.trainable], self.recipe["clipNorm"])
        rate = optimizers.rate_at(self.recipe["schedule"], step, self.recipe["steps"])
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        before = [matrix.detach().clone() for matrix, _ in self.threshold.matrices]
        self.optimizer.step()
        self.threshold.after(step, before)
        self.move_buffers(run)
        if self.task["rolling"]:
            for example, place in self.task["rolling"][step - 1]["moves"]:
                for name, values in zip(self.states, nexts):
                    self.kept[name][place] = values[example]
        return float(loss.detach()), rate

    def move_buffers(self, run):
        for value, moments in run.moments.items():
            buffer = self.named[self.buffers[value]]
            for moment, momentum in moments:
                buffer.mul_(momentum).add_(moment, alpha=1 - momentum)

    def slots(self):
        found = {n: optimizers.first_moment(self.optimizer, self.named[n]) for n in self.trainable}
        return {n: values.clone() for n, values in found.items() if values is not None}

    def values(self, names):
        return {n: self.named[n].detach().clone() for n in names}


def worst(found, wanted):
    """The largest difference of a tensor, as a part of its largest element, over the tensors, and which it is. Where that element is below a millionth of
    the largest of all, as gradients are that are zero but for rounding, a part of that."""
    largest, sizes = (0.0, ""), {n: float(v.abs().max()) for n, v in wanted.items()}
    least = 1e-6 * max(sizes.values(), default=0.0)
    for name, reference in wanted.items():
        size = max(sizes[name], least)
        if size > 0:
            difference = float((found[name].double().reshape(reference.shape) - reference.double()).abs().max()) / size
            largest = max(largest, (difference, name))
    return largest


def of_update(found, wanted, start):
    """Norm of all differences of the parameters as a part of the norm of what the training has changed."""
    differences = sum(float((found[n].double().reshape(v.shape) - v.double()).square().sum()) for n, v in wanted.items())
    update = sum(float((v.double() - start[n].double().reshape(v.shape)).square().sum()) for n, v in wanted.items())
    return (differences / update) ** 0.5 if update > 0 else 0.0


SLOTS = ("m", "velocity", "v")


def in_double(task, first, batches, at):
    """The first steps in float64 on both sides, where no rounding grows: losses, first moments and buffers after step 1, parameters at
    the end. Gives the parameters after step 1, too."""
    twin, ours = Twin(task, first, torch.float64), task["ours"]["double"]
    found = {"losses": []}
    for step in range(1, len(ours) + 1):
        found["losses"].append(twin.step(batches.next(), step)[0])
        if step == 1:
            theirs = safetensors(at("double_1.safetensors"))
            found |= first_moments(twin, theirs)
            exact = twin.values(twin.trainable)
            # Later they follow what PyTorch's rounding has made of a parameter without a gradient.
            found["buffers"] = worst(theirs, twin.values(twin.buffers.values()))
    theirs = safetensors(at(f"double_{len(ours)}.safetensors"))
    compared = [n for n in twin.trainable if n not in found["idle"]]
    found["parameters"] = of_update(theirs, twin.values(compared), first)
    return found, {n: exact[n] for n in compared}


def first_moments(twin, ours):
    """What the update has summed of the gradients of step 1. `idle`: parameters that earshot has no gradient for, since a batch's mean takes
    them off again; PyTorch's gradient of them is rounding."""
    slots = {n: next((ours[f"optimizer.{kind}.{n}"] for kind in SLOTS if f"optimizer.{kind}.{n}" in ours), None) for n in twin.trainable}
    theirs = twin.slots()
    idle = [n for n in theirs if slots[n] is None] if any(v is not None for v in slots.values()) else []
    wanted = {n: v for n, v in theirs.items() if slots[n] is not None}
    largest = max((float(v.abs().max()) for v in wanted.values()), default=1.0)
    return {
        "idle": idle,
        "idleGradient": max((float(theirs[n].abs().max()) for n in idle), default=0.0) / largest,
        "gradient": worst(slots, wanted),
    }


def compare(folder):
    at = lambda *names: os.path.join(folder, *names)
    with open(at("task.json"), encoding="utf8") as file:
        task = json.load(file)
    first, ours = safetensors(at("first.safetensors")), task["ours"]
    missing = {n["op"] for n in task["graph"]["nodes"]} - set(interpreter.OPS)
    if missing:
        raise ValueError(f"no torch for {sorted(missing)}")
    double, exact = in_double(task, first, Batches(at("batches.bin"), task["shapes"]), at)
    batches = Batches(at("batches.bin"), task["shapes"])
    twin = Twin(task, first, torch.float32)
    found = {"double": double, "losses": [], "milliseconds": [], "parameters": {}, "rates": 0.0}
    for step in range(1, len(ours["losses"]) + 1):
        batch = batches.next()
        start = time.process_time()
        loss, rate = twin.step(batch, step)
        found["milliseconds"].append(1000 * (time.process_time() - start))
        found["losses"].append(loss)
        found["rates"] = max(found["rates"], abs(rate - ours["rates"][step - 1]) / rate)
        if step == 1:
            # What float32 alone does to an update, PyTorch's and earshot's.
            found["theirRounding"] = of_update(twin.values(exact), exact, first)
            found["rounding"] = of_update(safetensors(at("after_1.safetensors")), exact, first)
        if os.path.exists(at(f"after_{step}.safetensors")):
            theirs = safetensors(at(f"after_{step}.safetensors"))
            found["parameters"][step] = of_update(theirs, twin.values(exact), first)
    if task["yardstick"]:
        batches, exact = Batches(at("batches.bin"), task["shapes"]), Twin(task, first, torch.float64)
        found["exactLosses"] = [exact.step(batches.next(), step)[0] for step in range(1, len(ours["losses"]) + 1)]
    return found


def main():
    torch.set_num_threads(1)
    np.seterr(over="ignore")
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        try:
            found = compare(json.loads(line)["folder"])
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
