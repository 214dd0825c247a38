"""Writes test/golden/torch_weights.json and the files of torch.save beside it in test/golden/pytorch: state dicts in both containers.

Needs torch. (The single streams name storages by their address: their bytes change with every run.) Small networks of SpeechRec with random weights; the logits are those of the weights as they stand in the file.
"""

import json
import os

import torch

from golden_file import GOLDEN, case
from torchvision_networks import MobileNetV2, ResNet, ShuffleNetV2, drawn, pictures

FOLDER = os.path.join(GOLDEN, "pytorch")
os.makedirs(FOLDER, exist_ok=True)
torch.set_num_threads(1)
cases = []


def save(value, name, zip_container):
    torch.save(value, os.path.join(FOLDER, name), _use_new_zipfile_serialization=zip_container)


def record(name, file, architecture, options, network, images):
    with torch.no_grad():
        logits = network(images)
    # Ours is [clip, time, frequency].
    features = images[:, 0].transpose(1, 2).contiguous()
    cases.append(
        case(
            name,
            {"file": file, "architecture": architecture, "options": options},
            {"features": features.numpy()},
            {"logits": logits.numpy()},
        )
    )


shufflenet = drawn(ShuffleNetV2((6, 8, 12, 10), (2, 3)), 1)
save(shufflenet.state_dict(), "shufflenet.pth", True)
record("shufflenet", "shufflenet.pth", "speechrec/shufflenetv2", {"channels": [6, 8, 12, 10], "repeats": [2, 3]}, shufflenet, pictures(3, 1))

resnet = drawn(ResNet((4, 6, 6), 1), 2)
# As torch 1.4 has it, inside a checkpoint and from several devices.
save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in resnet.state_dict().items()}}, "resnet_checkpoint.pth", False)
record("resnet", "resnet_checkpoint.pth", "speechrec/resnet18", {"channels": [4, 6, 6], "blocks": 1}, resnet, pictures(3, 2))
script = torch.jit.trace(resnet, pictures(1, 2))
script.save(os.path.join(FOLDER, "resnet_script.pt"))
record("resnet_script", "resnet_script.pt", "speechrec/resnet18", {"channels": [4, 6, 6], "blocks": 1}, resnet, pictures(3, 2))

mobilenet = drawn(MobileNetV2(), 3)
mobilenet.half()
save(mobilenet.state_dict(), "mobilenet_half.pth", False)
mobilenet.float()
record("mobilenet", "mobilenet_half.pth", "speechrec/mobilenetv2", {}, mobilenet, pictures(2, 3))

def edgeml(kind, turned, ranks, units, features, labels):
    """One of EdgeML's classifiers under the names of its state dict, and its logits, from the equations of the FastGRNN paper."""
    generator = torch.Generator().manual_seed(len(kind))
    draw = lambda *shape: 0.5 * torch.randn(shape, generator=generator)
    gates = {"fastgrnn": 1, "fastrnn": 1, "ugrnn": 2, "gru": 3, "lstm": 4}[kind]
    state = {}

    def product(module, letter, inputs, hidden, rank):
        """The entries of a matrix of full or low rank, and a function for the product with each gate's."""
        numbers = [""] if gates == 1 else [str(i + 1) for i in range(gates)]
        first = None
        if rank:
            first = draw(inputs, rank)
            state[f"{module}.{letter}" + ("1" if gates == 1 else "")] = first.T.contiguous() if turned else first
            numbers = ["2"] if gates == 1 else numbers
        matrices = [draw(rank or inputs, hidden) for _ in numbers]
        for number, matrix in zip(numbers, matrices):
            state[f"{module}.{letter}{number}"] = matrix.T.contiguous() if turned else matrix
        return lambda x, gate: (x @ first if rank else x) @ matrices[gate]

    x = draw(2, 9, features)
    given = x
    for layer, hidden in enumerate(units):
        module = f"rnn_list.{layer}.cell"
        w = product(module, "W", x.shape[2], hidden, ranks[0])
        u = product(module, "U", hidden, hidden, ranks[1])
        names = {
            "fastgrnn": ["bias_gate", "bias_update"],
            "fastrnn": ["bias_update"],
            "ugrnn": ["bias_gate", "bias_update"],
            "gru": ["bias_r", "bias_gate", "bias_update"],
            "lstm": ["bias_f", "bias_i", "bias_c", "bias_o"],
        }[kind]
        for name in names:
            state[f"{module}.{name}"] = draw(1, hidden)
        for name in {"fastgrnn": ["zeta", "nu"], "fastrnn": ["alpha", "beta"]}.get(kind, []):
            state[f"{module}.{name}"] = draw(1, 1)
        get = lambda name: state[f"{module}.{name}"]
        h = torch.zeros(2, hidden)
        c = torch.zeros(2, hidden)
        outputs = []
        for t in range(x.shape[1]):
            sums = lambda i, s=None: w(x[:, t], i) + u(h if s is None else s, i)
            if kind == "fastgrnn":
                z = torch.sigmoid(sums(0) + get("bias_gate"))
                h = z * h + (torch.sigmoid(get("zeta")) * (1 - z) + torch.sigmoid(get("nu"))) * torch.tanh(sums(0) + get("bias_update"))
            elif kind == "fastrnn":
                h = torch.sigmoid(get("beta")) * h + torch.sigmoid(get("alpha")) * torch.tanh(sums(0) + get("bias_update"))
            elif kind == "ugrnn":
                z = torch.sigmoid(sums(0) + get("bias_gate"))
                h = z * h + (1 - z) * torch.tanh(sums(1) + get("bias_update"))
            elif kind == "gru":
                r = torch.sigmoid(sums(0) + get("bias_r"))
                z = torch.sigmoid(sums(1) + get("bias_gate"))
                h = z * h + (1 - z) * torch.tanh(sums(2, r * h) + get("bias_update"))
            else:
                i, f = torch.sigmoid(sums(0) + get("bias_i")), torch.sigmoid(sums(1) + get("bias_f"))
                c, o = f * c + i * torch.tanh(sums(2) + get("bias_c")), torch.sigmoid(sums(3) + get("bias_o"))
                h = o * torch.tanh(c)
            outputs.append(h)
        x = torch.stack(outputs, 1)
        # The cell is a module of the unrolled layer too.
        for name, value in list(state.items()):
            if name.startswith(module):
                state[name.replace(".cell.", ".unrollRNN.RNNCell.")] = value
    state["hidden2keyword.weight"] = draw(labels, units[-1])
    state["hidden2keyword.bias"] = draw(labels)
    return state, given, x[:, -1] @ state["hidden2keyword.weight"].T + state["hidden2keyword.bias"]


for kind, turned, ranks, units in [
    ("fastgrnn", False, (0, 0), (6, 5)),
    ("fastgrnn", True, (2, 3), (6, 5)),
    ("fastrnn", False, (2, 0), (6,)),
    ("ugrnn", False, (0, 2), (6, 5)),
    ("gru", False, (3, 2), (6, 5)),
    ("lstm", False, (2, 0), (6, 5)),
]:
    name = f"{kind}_turned" if turned else kind
    state, given, logits = edgeml(kind, turned, ranks, units, 7, 4)
    save(state, f"{name}.pt", True)
    options = {"numLayers": len(units), **{f"hiddenUnits{i + 1}": n for i, n in enumerate(units)}}
    for i in range(len(units)):
        options |= {f"{letter}Rank{i + 1}": rank for letter, rank in zip("wu", ranks) if rank}
    cases.append(
        case(
            name,
            {"file": f"{name}.pt", "architecture": f"edgeml/{kind}", "options": options},
            {"features": given.numpy()},
            {"logits": logits.numpy()},
        )
    )

base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
odd = {
    "turned": base.permute(2, 0, 1),
    "part": base[1, 1:, ::2],
    "shared": base,
    "nothing": torch.zeros((0, 5)),
    "scalar": torch.tensor(-3, dtype=torch.int64),
    "double": torch.tensor([0.1, -1e300], dtype=torch.float64),
    "half": torch.tensor([1.5, -6e-8, 65504.0], dtype=torch.float16),
    "brain": torch.tensor([1.5, -3e38, 1e-40], dtype=torch.bfloat16),
    "bytes": torch.tensor([255, 0], dtype=torch.uint8),
    "signed": torch.tensor([-128, 127], dtype=torch.int8),
    "shorts": torch.tensor([-32768], dtype=torch.int16),
    "ints": torch.tensor([-(2**31)], dtype=torch.int32),
    "truth": torch.tensor([True, False]),
    "parameter": torch.nn.Parameter(torch.ones(2)),
}
save(odd, "odd_zip.pth", True)
save(odd, "odd_stream.pth", False)
listed = {k: {"shape": list(v.shape), "values": [str(x) for x in v.detach().double().flatten().tolist()]} for k, v in odd.items()}
with open(os.path.join(FOLDER, "odd.json"), "w") as out:
    json.dump(listed, out, indent=0)
    out.write("\n")

# What earshot writes of the same tensors (EARSHOT_WRITE_GOLDEN=1 npx vitest run test/formats/pytorch.test.ts).
written = os.path.join(FOLDER, "written.pth")
if os.path.exists(written):
    found = torch.load(written, weights_only=True)
    assert list(found) == list(odd)
    for key, value in odd.items():
        assert found[key].dtype == value.dtype and torch.equal(found[key], value.detach()), key
    print("written.pth: every tensor as it was saved")

with open(os.path.join(GOLDEN, "torch_weights.json"), "w") as out:
    json.dump({"source": f"torch {torch.__version__.split('+')[0]}", "cases": cases}, out)
    out.write("\n")
print(f"{len(cases)} cases, {sum(os.path.getsize(os.path.join(FOLDER, f)) for f in os.listdir(FOLDER))} bytes in {len(os.listdir(FOLDER))} files")
