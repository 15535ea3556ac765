"""The first seconds of the sample drive with the shipped networks: the same bytes each time."""

from pathlib import Path

import av
import pytest

from roadscan.pipeline.run import run
from tests.small_drive import results_of

SAMPLES = Path(__file__).resolve().parents[2] / "data_samples"
CLIP_S = 6.0


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Cut the beginning of the video off without coding it anew."""
    path = tmp_path / "clip.mp4"
    with av.open(str(SAMPLES / "drive.mp4")) as whole, av.open(str(path), "w") as cut:
        cut.metadata.update(whole.metadata)
        source = whole.streams.video[0]
        stream = cut.add_stream_from_template(source)
        for packet in whole.demux(source):
            if packet.pts is not None and packet.pts * packet.time_base < CLIP_S:
                packet.stream = stream
                cut.mux(packet)
    return path


def test_networks_and_photos_give_the_same_bytes_each_time(clip: Path, tmp_path: Path) -> None:
    accounts = [
        run(
            [clip],
            network=SAMPLES / "network.geojson",
            track=SAMPLES / "drive.gpx",
            camera=SAMPLES / "camera.toml",
            out=tmp_path / name,
            survey="repeated",
            offset_s=1.4,
        ).record
        for name in ("one", "other")
    ]
    first, second = (results_of(tmp_path / name) for name in ("one", "other"))
    assert first == second
    assert accounts[0].detections == accounts[1].detections > 0
    assert accounts[0].segments == accounts[1].segments
    photos = [name for name in first if name.startswith("photos/")]
    assert len(photos) == accounts[0].pictures.photos
