"""optimizers.json: updates of a parameter by optimizers that ops_torch.py and ops_tensorflow.py leave out, with rates that change.

NovoGrad: TensorFlow Addons 0.21 (optimizers/novograd.py) can no longer be installed beside a current TensorFlow. Its recurrence is stated here around
TensorFlow's own operation that it ends in, ResourceApplyKerasMomentum:

    v = sum(g^2)                                      in the first step
    v = beta2 v + (1 - beta2) sum(g^2)                later
    n = g / (sqrt(v) + epsilon) + weight_decay w
    n = (1 - beta1) n                                 with grad_averaging, not in the first step
    m = beta1 m - rate n
    w = w + m

Momentum is Keras's SGD, RMSprop PyTorch's. Needs tensorflow, torch, numpy; the first two do not bear each other in one process, so each case has its own.
"""

import concurrent.futures
import importlib.metadata
import multiprocessing
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

import golden_file

RATES = [0.05, 0.05, 0.02, 0.02, 0.01]


def drawn(name):
    start, gradients = golden_file.normal(name, "start", (11,)), golden_file.normal(name, "gradients", (5, 11))
    gradients[:, 0], gradients[:, 1] = 0, gradients[:, 1] * np.float32(1e-6)
    return start, gradients


def novograd(start, gradients, dtype, beta1, beta2, epsilon, weightDecay, gradAveraging):
    import tensorflow as tf

    w, m, v, path = tf.Variable(start.astype(dtype)), tf.Variable(np.zeros_like(start, dtype)), None, []
    for step, (g, rate) in enumerate(zip(gradients.astype(dtype), RATES)):
        square = tf.reduce_sum(tf.square(g))
        v = square if step == 0 else v * dtype(beta2) + square * dtype(1 - beta2)
        n = g / (tf.sqrt(v) + dtype(epsilon))
        if weightDecay > 0:
            n = n + dtype(weightDecay) * w
        if gradAveraging and step > 0:
            n = n * dtype(1 - beta1)
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=w.handle, accum=m.handle, lr=dtype(rate), grad=n, momentum=dtype(beta1), use_nesterov=False)
        path.append(w.numpy())
    return {"parameters": np.stack(path)}


def keras_sgd(start, gradients, dtype, momentum, nesterov):
    import tensorflow as tf

    tf.keras.backend.set_floatx(np.dtype(dtype).name)
    variable, path = tf.keras.Variable(start.astype(dtype)), []
    optimizer = tf.keras.optimizers.SGD(RATES[0], momentum=momentum, nesterov=nesterov)
    for gradient, rate in zip(gradients.astype(dtype), RATES):
        optimizer.learning_rate = rate
        optimizer.apply([tf.constant(gradient)], [variable])
        path.append(variable.numpy())
    return {"parameters": np.stack(path)}


def rmsprop(start, gradients, dtype, **options):
    import torch

    parameter, path = torch.nn.Parameter(torch.tensor(start.astype(dtype))), []
    optimizer = torch.optim.RMSprop([parameter], lr=RATES[0], **options)
    for gradient, rate in zip(gradients.astype(dtype), RATES):
        optimizer.param_groups[0]["lr"] = rate
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        path.append(parameter.detach().clone().numpy())
    return {"parameters": np.stack(path)}


SOURCE = ", ".join(f"{name} {importlib.metadata.version(name).split('+')[0]}" for name in ("tensorflow-cpu", "torch"))
NOVOGRAD = {"beta1": 0.95, "beta2": 0.5, "epsilon": 1e-7, "weightDecay": 0.001, "gradAveraging": False}
CASES = [
    ("novograd", novograd, NOVOGRAD),
    ("novograd_averaging", novograd, {**NOVOGRAD, "beta1": 0.9, "beta2": 0.99, "gradAveraging": True}),
    ("novograd_no_decay", novograd, {**NOVOGRAD, "weightDecay": 0.0}),
    ("keras_sgd_rates", keras_sgd, {"momentum": 0.9, "nesterov": False}),
    ("keras_sgd_nesterov_rates", keras_sgd, {"momentum": 0.9, "nesterov": True}),
    ("rmsprop", rmsprop, {"alpha": 0.99, "eps": 1e-8}),
    ("rmsprop_momentum", rmsprop, {"alpha": 0.9, "eps": 1e-7, "momentum": 0.9}),
    ("rmsprop_centered", rmsprop, {"alpha": 0.95, "eps": 1e-5, "centered": True, "momentum": 0.5}),
]


def run_case(index):
    name, run, options = CASES[index]
    start, gradients = drawn(name)
    return start, gradients, *(run(start, gradients, dtype, **options) for dtype in (np.float32, np.float64))


def run_all():
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        return list(pool.map(run_case, range(len(CASES))))


def main():
    cases = []
    for (name, _, options), (start, gradients, single, double) in zip(CASES, run_all()):
        worst = golden_file.relative_difference(single, double)
        if worst > 1e-5:
            raise SystemExit(f"{name}: float32 differs from float64 by {worst}")
        attributes = {"op": "optimizer", "optimizer": name, "lr": RATES[0], "rates": RATES, **options}
        cases.append(golden_file.case(
            f"optimizer_{name}", attributes, {"parameter": start, "gradient": gradients}, single, reference={"outputs": double}))
    golden_file.write("optimizers.json", SOURCE, cases)


if __name__ == "__main__":
    main()
