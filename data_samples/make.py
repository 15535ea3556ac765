"""Makes the rendered sample drive, and rendered frames for training.

python data_samples/make.py                                     the sample drive, beside this file
python data_samples/make.py frames --seed N --count M --out DIR  pictures with YOLO labels
python data_samples/make.py boxes --out FILE                     its true boxes, frame by frame
"""

import argparse
from pathlib import Path

from render.drive import plan_trip
from render.frames import write_frames
from render.sample import write_boxes, write_sample
from render.town import damages

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command")
    frames = commands.add_parser("frames", help="single pictures with YOLO labels")
    frames.add_argument("--seed", type=int, required=True)
    frames.add_argument("--count", type=int, required=True)
    frames.add_argument("--out", type=Path, required=True)
    boxes = commands.add_parser("boxes", help="what a perfect detector would find in the drive")
    boxes.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "frames":
        write_frames(given.seed, given.count, given.out)
    elif given.command == "boxes":
        write_boxes(given.out, damages(), plan_trip())
    else:
        write_sample(HERE)


if __name__ == "__main__":
    main()
