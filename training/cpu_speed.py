"""Makes training on a CPU with bf16 faster: some weight gradients are computed in f32.

oneDNN (torch 2.13, AVX512_BF16) computes the weight gradient of 3x3 convolutions of stride 2, and
of those with many input channels, 4 to 14 times slower in bf16 than in f32, while forward pass and
input gradient are twice as fast in bf16. Together they were two fifths of a training step.
"""

import torch
from torch import nn
from torch.nn import functional

MANY_CHANNELS = 256
_conv_forward = nn.Conv2d._conv_forward  # noqa: SLF001 -- the hook that torch itself overrides


class _WeightGradientInF32(torch.autograd.Function):
    @staticmethod
    def forward(ctx, image, weight, stride, padding):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(image, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(image, weight, None, stride, padding)

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        image, weight = ctx.saved_tensors
        shape = None, ctx.stride, ctx.padding, (1, 1), False, (0, 0), 1
        backward = torch.ops.aten.convolution_backward
        of_image = backward(gradient, image, weight, *shape, (True, False, False))[0]
        wide = gradient.float(), image.float(), weight.float()
        return of_image, backward(*wide, *shape, (False, True, False))[1], None, None


def _is_slow(layer: nn.Conv2d) -> bool:
    return layer.kernel_size == (3, 3) and (
        layer.stride == (2, 2) or layer.in_channels >= MANY_CHANNELS
    )


def f32_weight_gradients() -> None:
    """Patch nn.Conv2d: call before training on a CPU under autocast to bf16."""

    def forward(self, image, weight, bias):  # type: ignore[no-untyped-def]
        plain = bias is None and self.groups == 1 and self.padding_mode == "zeros"
        if not (self.training and torch.is_autocast_enabled("cpu") and plain and _is_slow(self)):
            return _conv_forward(self, image, weight, bias)
        image, weight = image.to(torch.bfloat16), weight.to(torch.bfloat16)
        return _WeightGradientInF32.apply(image, weight, self.stride, self.padding)

    nn.Conv2d._conv_forward = forward  # type: ignore[method-assign]  # noqa: SLF001
