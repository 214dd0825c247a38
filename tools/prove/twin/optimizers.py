"""A recipe's updates: torch.optim where PyTorch has the rule; Keras's Adam and momentum and TensorFlow Addons' NovoGrad written from their sources; and
what stands around an update: the schedule, clipping, hard thresholds.
"""

import math

import numpy as np
import torch


def rate_at(s, step, steps):
    """Learning rate of a step, counted from 1, from the publications' own formulas."""
    kind = s["kind"]
    if kind == "constant":
        return s["rate"]
    if kind == "piecewise":
        ends = np.cumsum(s["steps"])
        return s["rates"][min(int(np.searchsorted(ends, step)), len(ends) - 1)]
    if kind == "exponential":
        # kws_streaming: exp(-step * log(first / last) / all) * first
        return s["first"] * (s["last"] / s["first"]) ** (step / steps)
    if kind == "cosine" and s["peaks"] == 0:
        if step <= s["warmup"]:
            return s["rate"] * step / s["warmup"]
        return s["last"] + (s["rate"] - s["last"]) * math.cos(math.pi / 2 * (step - s["warmup"]) / (steps - s["warmup"])) ** 2
    raise ValueError(f"schedule {s}")


class Rule:
    """As much of torch.optim.Optimizer as the rules below need."""

    def __init__(self, parameters, slots):
        self.param_groups = [{"params": parameters, "lr": 0.0}]
        self.state = {p: {slot: torch.zeros_like(p) for slot in slots} for p in parameters}

    def zero_grad(self, set_to_none=True):
        for p in self.state:
            p.grad = None


class KerasMomentum(Rule):
    """tf.keras.optimizers.SGD: v = momentum v - rate g; w = w + v, or w + momentum v - rate g."""

    def __init__(self, parameters, momentum, nesterov):
        super().__init__(parameters, ["momentum_buffer"])
        self.momentum, self.nesterov = momentum, nesterov

    @torch.no_grad()
    def step(self):
        rate = self.param_groups[0]["lr"]
        for p in self.param_groups[0]["params"]:
            if p.grad is None:
                continue
            v = self.state[p]["momentum_buffer"]
            v.mul_(self.momentum).sub_(rate * p.grad)
            p.add_(v)
            if self.nesterov:
                p.add_((self.momentum - 1) * v - rate * p.grad)


class KerasAdam(Rule):
    """tf.keras.optimizers.Adam, tf.train.AdamOptimizer: epsilon is added to the root as it is, before the corrections (the paper's "epsilon hat")."""

    def __init__(self, parameters, betas, epsilon):
        super().__init__(parameters, ["exp_avg", "square"])
        self.betas, self.epsilon, self.steps = betas, epsilon, 0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        beta1, beta2 = self.betas
        rate = self.param_groups[0]["lr"] * math.sqrt(1 - beta2**self.steps) / (1 - beta1**self.steps)
        for p, state in self.state.items():
            if p.grad is None:
                continue
            state["exp_avg"].lerp_(p.grad, 1 - beta1)
            state["square"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            p.addcdiv_(state["exp_avg"], state["square"].sqrt() + self.epsilon, value=-rate)


class NovoGrad(Rule):
    """tfa.optimizers.NovoGrad (Ginsburg et al. 2019), as golden in tools/golden/optimizers.py."""

    def __init__(self, parameters, beta1, beta2, epsilon, weight_decay, averaging):
        super().__init__(parameters, ["momentum_buffer"])
        self.options = beta1, beta2, epsilon, weight_decay, averaging

    @torch.no_grad()
    def step(self):
        beta1, beta2, epsilon, decay, averaging = self.options
        rate = self.param_groups[0]["lr"]
        for p in self.param_groups[0]["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            square = p.grad.square().sum()
            first = "square" not in state
            state["square"] = square if first else beta2 * state["square"] + (1 - beta2) * square
            direction = p.grad / (state["square"].sqrt() + epsilon) + decay * p
            if averaging and not first:
                direction = direction * (1 - beta1)
            state["momentum_buffer"].mul_(beta1).sub_(rate * direction)
            p.add_(state["momentum_buffer"])


def optimizer_of(o, named, weight_decay, decayed):
    """`named`: trainable parameters; `weight_decay`: what torch.optim.SGD adds of the parameters in `decayed`; 0 where the loss has it."""
    kind, parameters = o["kind"], list(named.values())
    if kind == "adam" and o.get("epsilonInside"):
        return KerasAdam(parameters, (o["beta1"], o["beta2"]), o["epsilon"])
    if kind == "adam":
        return torch.optim.Adam(parameters, lr=0.0, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
    if kind == "adamw":
        matrices = [p for p in parameters if p.dim() >= 2]
        groups = [
            {"params": matrices, "weight_decay": o["weightDecay"]},
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=0.0, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
    if kind == "sgd" and o.get("rateInVelocity"):
        return KerasMomentum(parameters, o["momentum"], o["nesterov"])
    if kind == "sgd":
        groups = [
            {"params": [p for name, p in named.items() if name in decayed], "weight_decay": weight_decay},
            {"params": [p for name, p in named.items() if name not in decayed], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        return torch.optim.SGD(groups, lr=0.0, momentum=o["momentum"], nesterov=o["nesterov"])
    if kind == "rmsprop":
        return torch.optim.RMSprop(
            parameters, lr=0.0, alpha=o["decay"], eps=o["epsilon"], momentum=o["momentum"], centered=o["centered"])
    if kind == "novograd":
        return NovoGrad(parameters, o["beta1"], o["beta2"], o["epsilon"], o["weightDecay"], o["gradAveraging"])
    raise ValueError(f"optimizer {o}")


def takes_decay(o):
    """Whether the update rule itself takes weight decay as PyTorch's SGD does; otherwise the squares stand in the loss, as Keras has them."""
    return o["kind"] == "sgd" and not o.get("rateInVelocity")


def first_moment(optimizer, parameter):
    """What the rule has summed of the gradients, in the form of earshot's first slot."""
    state = optimizer.state.get(parameter, {})
    found = state.get("exp_avg", state.get("momentum_buffer", state.get("square_avg")))
    if found is None:
        return None
    # Keras's velocity has the sign of the step; earshot's that of the gradient.
    return -found if isinstance(optimizer, KerasMomentum) else found


class HardThreshold:
    """Iterative hard thresholding in three phases (Kusupati et al. 2018; EdgeML's utils.hardThreshold and copySupport)."""

    def __init__(self, sparsity, matrices, steps):
        self.sparsity, self.matrices, self.steps = sparsity, matrices, steps

    @torch.no_grad()
    def after(self, step, before):
        """`before`: the matrices as they were before the update."""
        if not self.matrices or 3 * step <= self.steps:
            return
        for (matrix, kind), old in zip(self.matrices, before):
            if 3 * step <= 2 * self.steps and step % self.sparsity["trimLevel"] == 0:
                size = matrix.abs().numpy()
                matrix[torch.from_numpy(size < np.quantile(size, 1 - self.sparsity[kind], method="higher"))] = 0
            else:
                matrix[old == 0] = 0
