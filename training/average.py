"""Averages the weights of trainings that one start has in common.

    python -m training.average --weights A.pt B.pt --shares 0.7 0.3 --out C.pt

Fine-tuned from one start, networks lie in one basin, and their average often does better than
either (Wortsman et al., Model soups, ICML 2022). Choose the shares on validation pictures.
"""

import argparse
import os
from pathlib import Path

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
from training.torchvision_shim import ensure_torchvision

ensure_torchvision()
import torch  # noqa: E402


def average(weights: list[Path], shares: list[float]) -> dict:
    """Return a checkpoint whose network is the weighted mean; raises ValueError if none can be."""
    if len(weights) != len(shares) or abs(sum(shares) - 1) > 1e-6:
        message = "as many shares as weights, together 1"
        raise ValueError(message)
    checkpoints = [torch.load(path, map_location="cpu", weights_only=False) for path in weights]
    networks = [(given.get("ema") or given["model"]).float() for given in checkpoints]
    states = [network.state_dict() for network in networks]
    mean = {
        key: sum(share * state[key] for share, state in zip(shares, states, strict=True))
        if value.is_floating_point()
        else value
        for key, value in states[0].items()
    }
    networks[0].load_state_dict(mean)
    return {**checkpoints[0], "model": networks[0].half(), "ema": None}


def main() -> None:
    """Average what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--shares", type=float, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    torch.save(average(given.weights, given.shares), given.out)


if __name__ == "__main__":
    main()
