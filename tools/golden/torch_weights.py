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
