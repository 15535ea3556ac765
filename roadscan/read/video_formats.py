"""Allow-list of containers and codecs; containers are recognised by a file's first bytes."""

from dataclasses import dataclass

CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg4", "av1", "vp9"})
CODEC_DECODERS = "h264,hevc,mjpeg,mpeg4,av1,libdav1d,libaom-av1,vp9,libvpx-vp9"
"""FFmpeg's names of the decoders allowed for them."""

NAMES = "mp4, mov, mkv, avi, mpeg-ts"
TS_PACKET = 188
M2TS_PACKET = 192


@dataclass(frozen=True, slots=True)
class Container:
    """The demuxers for a file, or why it is refused (code, description)."""

    demuxers: str = ""
    refusal: tuple[str, str] | None = None
    hint: str = f"Give the camera's own file: {NAMES}"


_MOV_ATOMS = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_REFUSED = {
    b"OggS": "Ogg",
    b"FLV\x01": "Flash video",
    b"GIF8": "GIF",
    b"\x30\x26\xb2\x75": "Windows Media",
    b"\x00\x00\x01\xba": "an MPEG program stream",
    b"#EXT": "a playlist",
    b"ffco": "a list of files",
}


def sniff_container(head: bytes) -> Container:
    """Recognise the container by the first bytes of a file."""
    if head[4:8] in _MOV_ATOMS:
        return Container("mov,mp4,m4a,3gp,3g2,mj2")
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Container("matroska,webm")
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return Container("avi")
    if _has_sync(head, 0, TS_PACKET) or _has_sync(head, 4, M2TS_PACKET):
        return Container("mpegts")
    for magic, name in _REFUSED.items():
        if head.startswith(magic):
            return Container(refusal=("video_container_not_allowed", f"is {name}"))
    begins = head[:12].decode("latin-1").encode("unicode_escape").decode()
    return Container(refusal=("video_not_a_video", f"is not a video (it begins with '{begins}')"))


def _has_sync(head: bytes, first: int, step: int) -> bool:
    marks = head[first::step][:8]
    return len(marks) > 3 and set(marks) == {0x47}
