"""Camera files: what is said counts, what is wrong is named."""

from pathlib import Path

import pytest

from roadscan.errors import RoadscanError
from roadscan.model.frame import Basis, Known
from roadscan.read.camera_file import read_camera


def camera_error(folder: Path, text: str) -> RoadscanError:
    path = folder / "camera.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RoadscanError) as caught:
        read_camera(path)
    assert caught.value.code == "camera_invalid"
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500
    return caught.value


def test_without_a_file_the_camera_is_a_typical_dash_cam() -> None:
    camera = read_camera(None)
    assert (camera.hfov_deg, camera.height_m, camera.pitch_deg) == (70.0, 1.35, 6.0)
    assert (camera.yaw_deg, camera.roll_deg, camera.left_m) == (0.0, 0.0, 0.0)


def test_keys_left_out_keep_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text('name = "Dashcam Süd"\nheight_m = 2\nleft_m = -0.3\n', encoding="utf-8")
    camera = read_camera(path)
    assert (camera.name, camera.height_m, camera.left_m) == ("Dashcam Süd", 2.0, -0.3)
    assert camera.hfov_deg == read_camera(None).hfov_deg


def test_the_hash_is_of_the_values_and_not_of_the_way_they_are_written(tmp_path: Path) -> None:
    texts = [
        "height_m = 1.4\npitch_deg = 6",
        "# a note\npitch_deg = 6.0\nheight_m = 1.40",
        "pitch_deg = 6.1",
    ]
    hashes = []
    for text in texts:
        (tmp_path / "camera.toml").write_text(text)
        hashes.append(read_camera(tmp_path / "camera.toml").sha256)
    assert hashes[0] == hashes[1]
    assert hashes[2] != hashes[0]


def test_what_a_file_does_not_say_is_assumed_and_what_it_says_is_given(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text("hfov_deg = 70.0\nheight_m = 1.35\n")
    partly = read_camera(path)
    assert (partly.assumed, partly.basis) == (("pitch_deg",), Basis.ASSUMED)
    assert read_camera(None).assumed == ("hfov_deg", "height_m", "pitch_deg")
    path.write_text("hfov_deg = 70.0\nheight_m = 1.35\npitch_deg = 6.0\n")
    given = read_camera(path)
    assert (given.assumed, given.basis) == ((), Basis.GIVEN)
    # the same numbers, but what comes of them is known otherwise
    assert given.sha256 != read_camera(None).sha256


def test_a_file_says_how_its_values_are_known(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(
        "pitch_deg = 4.2\nheight_m = 1.4\nhfov_deg = 70\n"
        '[known.pitch_deg]\nbasis = "measured"\nsigma = 0.1\n'
        '[known.hfov_deg]\nbasis = "assumed"\nsigma = 20.0\n'
    )
    camera = read_camera(path)
    assert camera.known.pitch_deg == Known(Basis.MEASURED, 0.1)
    assert camera.assumed == ("hfov_deg",)


@pytest.mark.parametrize(
    "table", ['[known.pitch_deg]\nbasis = "guessed"\nsigma = 1', "[known.left_m]\nsigma = 1"]
)
def test_a_wrong_word_on_how_a_value_is_known_is_named(tmp_path: Path, table: str) -> None:
    assert "known" in camera_error(tmp_path, table).message


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("hfov_deg = 300", "hfov_deg"),
        ("hfov_deg = 5", "hfov_deg"),
        ("height_m = 0", "height_m"),
        ("height_m = -1.2", "height_m"),
        ("pitch_deg = 95", "pitch_deg"),
        ("yaw_deg = nan", "yaw_deg"),
        ("roll_deg = inf", "roll_deg"),
        ('left_m = "0.3"', "left_m"),
        ("height_m = true", "height_m"),
        ("pitch = 6", "pitch"),
        ("name = 7", "name"),
        ('name = "two\\nlines"', "name"),
        ('"a\\nkey" = 1', "key"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(tmp_path: Path, line: str, key: str) -> None:
    assert key in camera_error(tmp_path, line).message


@pytest.mark.parametrize("text", ["pitch_deg : 6", "{}", "a = " + "[" * 50_000, "\x00"])
def test_what_is_no_toml_is_no_camera(tmp_path: Path, text: str) -> None:
    camera_error(tmp_path, text)


def test_missing_and_empty_files_have_codes_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    for name, code in {"none.toml": "file_missing", "empty.toml": "file_empty"}.items():
        with pytest.raises(RoadscanError) as caught:
            read_camera(tmp_path / name)
        assert caught.value.code == code
