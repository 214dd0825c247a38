"""SpeechRec's three networks as PyTorch modules with torchvision's module names, which state dicts carry.

torchvision itself is not needed: of its "quantizable" networks only names and layers matter (ReLU everywhere, one channel in).
"""

import torch
from torch import nn


def convolution(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = convolution(inputs, outputs, 3, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = convolution(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.downsample = None if same else nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, channels=(64, 128, 256, 512), blocks=2, labels=12):
        super().__init__()
        self.conv1 = convolution(1, channels[0], 7, 2)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = channels[0]
        for stage, outputs in enumerate(channels):
            layer = []
            for block in range(blocks):
                layer.append(BasicBlock(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layer))
        self.stages = len(channels)
        self.fc = nn.Linear(inputs, labels)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean([2, 3]))


class ConvBNReLU(nn.Sequential):
    def __init__(self, inputs, outputs, kernel=3, stride=1, groups=1):
        super().__init__(convolution(inputs, outputs, kernel, stride, groups), nn.BatchNorm2d(outputs), nn.ReLU())


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        widen = [ConvBNReLU(inputs, hidden, 1)] if expansion != 1 else []
        depthwise = ConvBNReLU(hidden, hidden, 3, stride, hidden)
        self.conv = nn.Sequential(*widen, depthwise, convolution(hidden, outputs, 1), nn.BatchNorm2d(outputs))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2(nn.Module):
    """A 32nd of the width: all widths are 8 but the last block's 16 and the head's 1280."""

    def __init__(self, labels=12):
        super().__init__()
        stages = [(1, 8, 1, 1), (6, 8, 2, 2), (6, 8, 3, 2), (6, 8, 4, 2), (6, 8, 3, 1), (6, 8, 3, 2), (6, 16, 1, 1)]
        features = [ConvBNReLU(1, 8, 3, 2)]
        inputs = 8
        for expansion, outputs, count, stride in stages:
            for i in range(count):
                features.append(InvertedResidual(inputs, outputs, stride if i == 0 else 1, expansion))
                inputs = outputs
        features.append(ConvBNReLU(inputs, 1280, 1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, labels))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class Unit(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        half = outputs // 2
        self.branch1 = (
            nn.Sequential(
                convolution(inputs, inputs, 3, stride, inputs),
                nn.BatchNorm2d(inputs),
                convolution(inputs, half, 1),
                nn.BatchNorm2d(half),
                nn.ReLU(),
            )
            if stride > 1
            else nn.Sequential()
        )
        self.branch2 = nn.Sequential(
            convolution(inputs if stride > 1 else half, half, 1),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            convolution(half, half, 3, stride, half),
            nn.BatchNorm2d(half),
            convolution(half, half, 1),
            nn.BatchNorm2d(half),
            nn.ReLU(),
        )
        self.stride = stride

    def forward(self, x):
        if self.stride > 1:
            y = torch.cat((self.branch1(x), self.branch2(x)), 1)
        else:
            passed, filtered = x.chunk(2, 1)
            y = torch.cat((passed, self.branch2(filtered)), 1)
        batch, channels, height, width = y.shape
        return y.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)


class ShuffleNetV2(nn.Module):
    def __init__(self, channels=(24, 48, 96, 192, 1024), repeats=(4, 8, 4), labels=12):
        super().__init__()
        self.conv1 = nn.Sequential(convolution(1, channels[0], 3, 2), nn.BatchNorm2d(channels[0]), nn.ReLU())
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = channels[0]
        for stage, (outputs, count) in enumerate(zip(channels[1:-1], repeats)):
            units = [Unit(inputs, outputs, 2)] + [Unit(outputs, outputs, 1) for _ in range(count - 1)]
            setattr(self, f"stage{stage + 2}", nn.Sequential(*units))
            inputs = outputs
        self.stages = len(repeats)
        self.conv5 = nn.Sequential(convolution(inputs, channels[-1], 1), nn.BatchNorm2d(channels[-1]), nn.ReLU())
        self.fc = nn.Linear(channels[-1], labels)

    def forward(self, x):
        x = self.maxpool(self.conv1(x))
        for stage in range(self.stages):
            x = getattr(self, f"stage{stage + 2}")(x)
        return self.fc(self.conv5(x).mean([2, 3]))


def drawn(network, seed):
    """The network in evaluation mode with random weights and moving statistics."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            value.fill_(7)
        elif name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
        elif value.dim() > 1:
            value.copy_(torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5)
        else:
            value.copy_(torch.randn(value.shape, generator=generator) * 0.2 + (1 if "bias" not in name and "mean" not in name else 0))
    return network.eval()


def pictures(count, seed):
    """Spectrograms [count, 1, 40, 32], drawn: decibels from -80 to 0."""
    generator = torch.Generator().manual_seed(seed)
    return -80 * torch.rand((count, 1, 40, 32), generator=generator)
