"""The networks of npm run bench:train in PyTorch, each in the form that PyTorch runs fastest. Names and shapes are those of our zoo."""

import torch
from torch import nn
from torch.nn import functional


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


def keras_norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Recurrent(nn.Module):
    """kws_streaming lstm and gru, 49 x 20 coefficients: PyTorch's fused layers, the last output, two dense layers."""

    input_shape = (49, 20)

    def __init__(self, layer, units, dropout):
        super().__init__()
        self.layer = layer(20, units, batch_first=True)
        if layer is nn.LSTM:
            # Keras has one bias; PyTorch's second one is zeros that are not trained.
            nn.init.zeros_(self.layer.bias_hh_l0).requires_grad_(False)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(units, 128), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, LABELS))

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


class AttMhRnn(nn.Module):
    """kws_streaming att_mh_rnn with its defaults, 49 x 20 coefficients; all heads' queries are one product."""

    input_shape = (1, 49, 20)
    heads = 4

    def __init__(self):
        super().__init__()
        layers, inputs = [], 1
        for filters in (10, 1):
            layers += [nn.Conv2d(inputs, filters, (5, 1), padding=(2, 0)), nn.ReLU(), keras_norm(filters)]
            inputs = filters
        self.convolutions = nn.Sequential(*layers)
        self.gru = nn.GRU(20, 128, num_layers=2, batch_first=True, bidirectional=True)
        self.queries = nn.Linear(256, 256 * self.heads)
        self.head = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(256 * self.heads, 64), nn.ReLU(), nn.Linear(64, 32), nn.Linear(32, LABELS)
        )

    def forward(self, x):
        x = self.gru(self.convolutions(x)[:, 0])[0]
        query = self.queries(x[:, x.shape[1] // 2]).view(-1, self.heads, 256)
        weights = torch.softmax(torch.bmm(query, x.transpose(1, 2)), 2)
        return self.head(torch.bmm(weights, x).flatten(1))


class SubSpectralNorm(nn.Module):
    """Statistics of a channel in one of 5 parts of the frequencies, through views that copy nothing.

    channels_last, [B, C, T, F]: a part is every fifth frequency, as in kws_streaming. Otherwise, [B, C, F, T]: a run of frequencies,
    which is as much work.
    """

    groups = 5

    def __init__(self, channels, channels_last):
        super().__init__()
        self.norm = keras_norm(channels * self.groups)
        self.channels_last = channels_last

    def forward(self, x):
        if not self.channels_last:
            batch, channels, frequencies, time = x.shape
            return self.norm(x.view(batch, channels * self.groups, frequencies // self.groups, time)).view(x.shape)
        batch, channels, time, frequencies = x.shape
        grouped = x.permute(0, 2, 3, 1).reshape(batch, time, frequencies // self.groups, -1).permute(0, 3, 1, 2)
        return self.norm(grouped).permute(0, 2, 3, 1).reshape(batch, time, frequencies, channels).permute(0, 3, 1, 2)


class BcBlock(nn.Module):
    """Transition block (where there is a stride) or normal block of bc_resnet."""

    def __init__(self, inputs, filters, dilation, stride, channels_last):
        super().__init__()
        plane = plane_of(channels_last)
        self.frequency_axis = 3 if channels_last else 2
        # In channels_last the gradient of this convolution with a stride ends torch 2.15 with a segmentation fault; without one, on
        # the frequencies that it would read, it is as much work.
        self.stride = stride if channels_last and stride is not None else 1
        self.widen = None
        if stride is not None:
            convolution = nn.Conv2d(inputs, filters, 1, 1 if channels_last else plane(1, stride), bias=False)
            self.widen = nn.Sequential(convolution, keras_norm(filters), nn.ReLU())
        self.frequency = nn.Sequential(
            nn.Conv2d(filters, filters, plane(1, 3), padding=plane(0, 1), groups=filters, bias=False),
            SubSpectralNorm(filters, channels_last),
        )
        over_time = {"padding": plane(dilation, 0), "dilation": plane(dilation, 1), "groups": filters, "bias": False}
        self.time = nn.Sequential(
            nn.Conv2d(filters, filters, plane(3, 1), **over_time),
            keras_norm(filters),
            nn.SiLU(),
            nn.Conv2d(filters, filters, 1, bias=False),
            nn.Dropout2d(0.1),
        )

    def forward(self, x):
        if self.stride > 1:
            x = x[..., :: self.stride].contiguous(memory_format=torch.channels_last)
        filtered = self.frequency(x if self.widen is None else self.widen(x))
        broadcast = self.time(filtered.mean(self.frequency_axis, keepdim=True))
        return functional.relu((filtered if self.widen is not None else x + filtered) + broadcast)


def plane_of(channels_last):
    """What makes (time, frequency) the two axes of a map in that memory format."""
    return (lambda time, frequency: (time, frequency)) if channels_last else (lambda time, frequency: (frequency, time))


class BcResnet(nn.Module):
    """kws_streaming bc_resnet_1, 98 x 40 mel bands."""

    def __init__(self, channels_last=False):
        super().__init__()
        plane = plane_of(channels_last)
        self.input_shape = (1, *plane(98, 40))
        self.frequency_axis = 3 if channels_last else 2
        self.stem = SameConv2d(1, 16, (5, 5), plane(1, 2), plane(98, 40))
        blocks, inputs = [], 16
        for filters, count, stride, dilation in ((8, 2, 1, 1), (12, 2, 2, 2), (16, 4, 2, 4), (20, 4, 1, 8)):
            blocks.append(BcBlock(inputs, filters, dilation, stride, channels_last))
            blocks += [BcBlock(filters, filters, dilation, None, channels_last) for _ in range(count)]
            inputs = filters
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Conv2d(inputs, inputs, 5, padding=2, groups=inputs)
        self.pointwise = nn.Conv2d(inputs, 32, 1, bias=False)
        self.classifier = nn.Linear(32, LABELS, bias=False)

    def forward(self, x):
        x = self.last(self.blocks(self.stem(x))).mean(self.frequency_axis, keepdim=True)
        return self.classifier(self.pointwise(x).mean((2, 3)))


class TcBlock(nn.Module):
    def __init__(self, inputs, filters, kernel, dilation, residual):
        super().__init__()
        padding = (kernel - 1) * dilation // 2
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, inputs, (kernel, 1), padding=(padding, 0), dilation=(dilation, 1), groups=inputs, bias=False),
            nn.Conv2d(inputs, filters, 1, bias=False),
            keras_norm(filters),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, filters, 1, bias=False), keras_norm(filters)) if residual else None

    def forward(self, x):
        y = self.layers(x)
        return functional.relu(y if self.shortcut is None else y + self.shortcut(x))


class DsTcResnet(nn.Module):
    """kws_streaming ds_tc_resnet with its defaults, 98 frames of 40 coefficients as channels."""

    input_shape = (40, 98, 1)

    def __init__(self):
        super().__init__()
        blocks, inputs = [], 40
        for filters, kernel, dilation, residual in (
            (128, 11, 1, False),
            (64, 13, 1, True),
            (64, 15, 1, True),
            (64, 17, 1, True),
            (128, 29, 2, False),
            (128, 1, 1, False),
        ):
            blocks.append(TcBlock(inputs, filters, kernel, dilation, residual))
            inputs = filters
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(inputs, LABELS)

    def forward(self, x):
        return self.classifier(self.blocks(x).mean((2, 3)))


class BasicBlock(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, filters, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(filters)
        self.second = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(filters)
        self.shortcut = None
        if inputs != filters or stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        y = functional.relu(self.first_norm(self.first(x)), inplace=True)
        y = self.second_norm(self.second(y))
        y += x if self.shortcut is None else self.shortcut(x)
        return functional.relu(y, inplace=True)


class Resnet18(nn.Module):
    """torchvision's ResNet-18 (He et al. 2015) on a mel spectrogram of 32 x 40 as a picture of one channel, as SpeechRec has it."""

    input_shape = (1, 32, 40)

    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(1, 64, 7, 2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
        inputs = 64
        for filters, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [BasicBlock(inputs, filters, stride), BasicBlock(filters, filters, 1)]
            inputs = filters
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, LABELS)

    def forward(self, x):
        return self.classifier(self.layers(x).mean((2, 3)))


class FastGrnnSequence(torch.autograd.Function):
    """A FastGRNN layer's steps, with the gradient by hand, as EdgeML's CUDA layer has it: a third of the time that autograd takes."""

    @staticmethod
    def forward(context, projected, kernel, gate_bias, update_bias, zeta, nu):
        steps, batch, units = projected.shape
        states = projected.new_zeros(steps + 1, batch, units)
        gates = torch.empty_like(projected)
        candidates = torch.empty_like(projected)
        for t in range(steps):
            product = torch.addmm(projected[t], states[t], kernel)
            gate = torch.add(product, gate_bias, out=gates[t]).sigmoid_()
            candidate = torch.add(product, update_bias, out=candidates[t]).tanh_()
            share = torch.rsub(gate, 1).mul_(zeta).add_(nu)
            torch.mul(gate, states[t], out=states[t + 1]).addcmul_(share, candidate)
        context.save_for_backward(states, gates, candidates, kernel, zeta, nu)
        return states[1:]

    @staticmethod
    def backward(context, wanted):
        states, gates, candidates, kernel, zeta, nu = context.saved_tensors
        # What does not depend on the state's gradient is taken of all steps at once.
        shares = torch.rsub(gates, 1).mul_(zeta).add_(nu)
        to_candidate = torch.rsub(candidates.square(), 1).mul_(shares)
        to_gate = (states[:-1] - zeta * candidates).mul_(gates).mul_(1 - gates)
        transposed = kernel.t()
        to_product = torch.empty_like(gates)
        later = torch.empty_like(gates)
        gradient = torch.zeros_like(gates[0])
        for t in reversed(range(len(gates))):
            total = torch.add(gradient, wanted[t], out=later[t])
            to_product[t] = (to_gate[t] + to_candidate[t]) * total
            gradient = torch.addmm(total * gates[t], to_product[t], transposed)
        candidate_gradient = later * candidates
        return (
            to_product,
            states[:-1].flatten(0, 1).t() @ to_product.flatten(0, 1),
            torch.einsum("tbu,tbu->u", to_gate, later),
            torch.einsum("tbu,tbu->u", to_candidate, later),
            (candidate_gradient * (1 - gates)).sum().view(1),
            candidate_gradient.sum().view(1),
        )


class FastGrnnLayer(nn.Module):
    """Time-major: [T, B, inputs] to [T, B, units]."""

    def __init__(self, inputs, units):
        super().__init__()
        self.kernel = nn.Parameter(0.1 * torch.randn(inputs, units))
        self.recurrent_kernel = nn.Parameter(0.1 * torch.randn(units, units))
        self.gate_bias = nn.Parameter(torch.ones(units))
        self.update_bias = nn.Parameter(torch.ones(units))
        self.zeta = nn.Parameter(torch.ones(1))
        self.nu = nn.Parameter(-4 * torch.ones(1))

    def forward(self, x):
        biases = (self.gate_bias, self.update_bias)
        return FastGrnnSequence.apply(x @ self.kernel, self.recurrent_kernel, *biases, self.zeta.sigmoid(), self.nu.sigmoid())


class FastGrnn(nn.Module):
    """EdgeML's published FastGRNN, two layers of 128 units, 98 frames of 32 bands, 35 labels."""

    input_shape = (98, 32)
    labels = 35

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(FastGrnnLayer(32, 128), FastGrnnLayer(128, 128))
        self.classifier = nn.Linear(128, self.labels)

    def forward(self, x):
        return self.classifier(self.layers(x.transpose(0, 1))[-1])


NETWORKS = {
    "ds_cnn_s": lambda: DsCnn([(64, 10, 4, 2, 2)] + [(64, 3, 3, 1, 1)] * 4),
    "ds_cnn_l": lambda: DsCnn([(276, 10, 4, 2, 1), (276, 3, 3, 2, 2)] + [(276, 3, 3, 1, 1)] * 4),
    "dnn_l": lambda: Dnn([436, 436, 436]),
    "svdf": Svdf,
    "crnn": Crnn,
    "lstm": lambda: Recurrent(nn.LSTM, 360, 0.3),
    "gru": lambda: Recurrent(nn.GRU, 400, 0.1),
    "att_mh_rnn": AttMhRnn,
    "bc_resnet_1": BcResnet,
    "ds_tc_resnet": DsTcResnet,
    "resnet18": Resnet18,
    "fastgrnn": FastGrnn,
}


def build(network, channels_last):
    make = NETWORKS[network]
    return make(channels_last) if make is BcResnet else make()
