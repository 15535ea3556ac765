"""Videos made to break the reader: each ends in its code, and none reaches another file or host."""

import socket
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadscan.errors import RoadscanError
from roadscan.read import video_child
from roadscan.read.video import probe
from tests.read.videos import write_sound, write_video

TIMES_S = (0.0, 0.1, 0.2, 0.3)
EBML = b"\x1a\x45\xdf\xa3"
FTYP = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
AVI = b"RIFF\x00\x10\x00\x00AVI LIST"

BAD: dict[str, tuple[bytes, str]] = {
    "zero.mp4": (b"", "file_empty"),
    "text.mp4": (b"Dear sir or madam,\nplease find enclosed\n" * 50, "video_not_a_video"),
    "page.mp4": (b"<!DOCTYPE html><html></html>", "video_not_a_video"),
    "one.mp4": (b"\x00", "video_not_a_video"),
    "head.mp4": (FTYP, "video_not_a_video"),
    "endless_box.mp4": (FTYP + b"\xff\xff\xff\xffmoov" * 100, "video_not_a_video"),
    "negative_box.mp4": (FTYP + b"\x00\x00\x00\x01moov" + b"\xff" * 64, "video_not_a_video"),
    "head.mkv": (EBML + b"\x9fB\x86\x81\x01", "video_not_a_video"),
    "noise.mkv": (EBML + bytes(range(256)) * 40, "video_not_a_video"),
    "head.avi": (AVI + b"\x00" * 4000, "video_not_a_video"),
    "sync_only.ts": ((b"G" + b"\x1f\xff\x10" + b"\xff" * 184) * 50, "video_not_a_video"),
    "a.ogv": (b"OggS" + b"\x00" * 100, "video_container_not_allowed"),
    "a.flv": (b"FLV\x01\x05" + b"\x00" * 100, "video_container_not_allowed"),
    "gif.mp4": (b"GIF89a" + b"\x00" * 100, "video_container_not_allowed"),
    "wmv.avi": (b"\x30\x26\xb2\x75" + b"\x00" * 100, "video_container_not_allowed"),
    "ps.mpg": (b"\x00\x00\x01\xba" + b"\x00" * 100, "video_container_not_allowed"),
    "riff.avi": (b"RIFF\x00\x10\x00\x00WAVEfmt ", "video_not_a_video"),
}


def refused(path: Path) -> RoadscanError:
    with pytest.raises(RoadscanError) as caught:
        probe(path)
    error = caught.value
    assert "\n" not in str(error)
    assert len(str(error)) < 500
    return error


@pytest.mark.parametrize("name", BAD)
def test_a_bad_video_ends_in_its_code(tmp_path: Path, name: str) -> None:
    data, code = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    error = refused(path)
    assert error.code == code
    assert name in error.message


def test_missing_folder_and_unreadable_have_codes_of_their_own(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.mp4").code == "file_missing"
    assert refused(tmp_path).code == "file_unreadable"


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    error = refused(write_sound(tmp_path / "sound.mp4"))
    assert error.code == "video_no_picture_stream"
    assert "audio" in error.message


@pytest.mark.parametrize(("codec", "name"), [("libvpx", "vp8"), ("ffv1", "ffv1")])
def test_a_codec_that_is_not_allowed_is_refused_before_its_decoder_is_opened(
    tmp_path: Path, codec: str, name: str
) -> None:
    path = write_video(tmp_path / "a.mkv", TIMES_S, codec=codec)
    error = refused(path)
    assert error.code == "video_codec_not_allowed"
    assert name in error.message
    assert "h264" in error.hint
    request = {"path": str(path), "name": path.name, "max_width": 8192, "max_height": 4608}
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as told, pytest.raises(video_child.RefusalError):
            video_child._open({**request, "threads": 1})
    finally:
        av.logging.set_level(before)
    assert any("whitelist" in words for _, _, words in told)


REACHING: dict[str, Callable[[str], str]] = {
    "list.mp4": lambda url: f"#EXTM3U\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n",
    "marked.mp4": lambda url: f"\ufeff#EXTM3U\n#EXTINF:5,\n{url}\n",
    "concat.mp4": lambda url: f"ffconcat version 1.0\nfile '{url}'\n",
    "session.mp4": lambda url: f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\na={url}\n",
    "manifest.mp4": lambda url: f"<MPD><BaseURL>{url}</BaseURL></MPD>",
    "list.mkv": lambda url: f"\x1aE\xdf\xa3#EXTM3U\n#EXTINF:5,\n{url}\n",
    "list.ts": lambda url: "G".ljust(188, "\n") * 10 + f"#EXTM3U\n#EXTINF:5,\n{url}\n",
}


@pytest.mark.parametrize("name", REACHING)
def test_a_file_that_names_another_place_reaches_nothing(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as host:
        url = f"http://127.0.0.1:{host.getsockname()[1]}/part.ts"
        path = tmp_path / name
        path.write_text(REACHING[name](url), encoding="latin-1" if name == "list.mkv" else "utf-8")
        assert refused(path).code.startswith("video_")
        host.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            host.accept()


def test_a_name_is_never_taken_for_a_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "a.mp4", TIMES_S)
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a.mp4|a.mp4", "file:a.mp4", "http://127.0.0.1:9/a.mp4", "pipe:0", "-"):
        assert refused(Path(name)).code == "file_missing"
    for name in ("concat:a.mp4", "-i.mp4", "a%03d.mp4", "a\nb.mp4", "ä 'x' \"y\".mp4"):
        path = Path(name)
        path.write_bytes(Path("a.mp4").read_bytes())
        assert probe(path).frames == len(TIMES_S)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    tick = {"a.mp4": 1000, "a.mkv": 1000, "a.ts": 90_000}
    return {n: write_video(folder / n, TIMES_S, tick=tick[n]).read_bytes() for n in tick}


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cut=st.floats(0.02, 1.0),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=30),
    name=st.sampled_from(["a.mp4", "a.mkv", "a.ts"]),
)
def test_damage_anywhere_ends_in_a_video_or_a_code(
    tmp_path: Path,
    whole: dict[str, bytes],
    cut: float,
    changes: list[tuple[float, int]],
    name: str,
) -> None:
    data = bytearray(whole[name])
    for place, value in changes:
        data[int(place * len(data))] = value
    path = tmp_path / name
    path.write_bytes(data[: int(cut * len(data))])
    try:
        info = probe(path)
    except RoadscanError as error:
        assert error.code.startswith("video_")  # noqa: PT017 -- a video is right as well
    else:
        assert info.playable_s >= 0.0
        assert info.frames >= 0
