"""`roadscan model`."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from roadscan.cli.app import exit_code
from roadscan.detect.detector import load_detector
from roadscan.detect.model_folder import list_models, open_model
from roadscan.read.video import frames_at

SAMPLES = Path(__file__).parents[2] / "data_samples"
KEYS = {"ap50", "ap50_95", "precision", "recall", "f1", "boxes", "threshold"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four frames of the rendered drive, with a box on the road and one in the sky in three."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    for number, frame in enumerate(frames_at(SAMPLES / "drive.mp4", np.arange(0.5, 2.5, 0.5))):
        cv2.imwrite(str(folder / "images" / f"{number}.png"), frame.image)
        if number < 3:
            labels = "0 0.62 0.74 0.13 0.35\n2 0.2 0.2 0.1 0.1\n"
            (folder / "labels" / f"{number}.txt").write_text(labels)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = exit_code(["model", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_list_names_every_model_with_its_classes(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, "list", "--json")
    assert code == 0
    listed = json.loads(said)
    assert [row["name"] for row in listed] == [settings.name for settings in list_models()]
    (default,) = [row for row in listed if row["default"] and row["task"] == "damage"]
    assert default["sha256"] == load_detector().sha256
    assert default["classes"] == list(load_detector().kinds)


def test_list_and_info_can_be_read_by_people(capsys: pytest.CaptureFixture[str]) -> None:
    name = open_model().settings.name
    assert name in run(capsys, "list")[1]
    code, said, _ = run(capsys, "info", name)
    assert code == 0
    assert "long_side_px" in said
    assert "CARD.md" in said


def test_info_tells_settings_and_checksums(capsys: pytest.CaptureFixture[str]) -> None:
    settings = open_model().settings
    told = json.loads(run(capsys, "info", settings.name, "--json")[1])
    assert told["files"] == settings.sha256
    assert told["confidence"] == settings.confidence
    assert set(told["figures"]) == set(settings.figures)


def test_evaluate_gives_figures_and_predictions_that_agree(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "predictions.jsonl"
    name = open_model().settings.name
    code, said, _ = run(
        capsys, "evaluate", name, "--data", str(data), "--json", "--predictions", str(out)
    )
    assert code == 0
    told = json.loads(said)
    assert told["pictures"] == 4
    assert told["boxes"] == 6
    assert {name: row["boxes"] for name, row in told["classes"].items() if row["boxes"]} == {
        "D00": 3,
        "D20": 3,
    }
    for row in told["classes"].values():
        assert set(row) == KEYS
        shares = [row[key] for key in KEYS - {"boxes", "threshold"}]
        assert all(0 <= share <= 1 for share in shares) if row["boxes"] else set(shares) == {None}
    ap = [told["classes"][name]["ap50"] for name in ("D00", "D20")]
    assert told["map50"] == pytest.approx(sum(ap) / 2, abs=1e-4)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["image"] for line in lines] == ["0.png", "1.png", "2.png", "3.png"]
    boxes = [box for line in lines for box in line["boxes"]]
    assert boxes
    assert all(0.01 <= box[4] <= 1 and 0 <= box[0] < box[2] <= 1280 for box in boxes)
    for name, row in told["classes"].items():
        if row["boxes"] and row["precision"]:
            taken = sum(box[5] == name and box[4] >= row["threshold"] for box in boxes)
            assert row["recall"] * row["boxes"] == pytest.approx(row["precision"] * taken, abs=1e-2)


def test_evaluate_shows_a_table(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    code, said, _ = run(capsys, "evaluate", open_model().settings.name, "--data", str(data))
    assert code == 0
    assert "AP50-95" in said
    assert "mAP50" in said


def test_with_a_camera_only_the_near_field_counts(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    camera = tmp_path / "camera.toml"
    camera.write_text('name = "test"\n')
    name, out = open_model().settings.name, tmp_path / "out.jsonl"
    arguments = ["--camera", str(camera), "--json", "--predictions", str(out)]
    told = json.loads(run(capsys, "evaluate", name, "--data", str(data), *arguments)[1])
    assert told["classes"]["D20"]["boxes"] == 0
    assert told["classes"]["D00"]["boxes"] == 3
    tops = [box[1] for line in out.read_text().splitlines() for box in json.loads(line)["boxes"]]
    assert all(top >= 300 for top in tops)
    camera.write_text("pitch_deg = -30.0\n")
    code, _, told_err = run(capsys, "evaluate", name, "--data", str(data), *arguments)
    assert (code, "camera_sees_no_road" in told_err) == (3, True)


def test_classes_that_the_model_does_not_know_are_counted_apart(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).symlink_to(data / part)
    (tmp_path / "data.yaml").write_text("names: [D00, x, manhole]")
    name = open_model().settings.name
    told = json.loads(run(capsys, "evaluate", name, "--data", str(tmp_path), "--json")[1])
    assert told["left_out"] == {"manhole": 3}
    assert told["boxes"] == 3
    assert told["map50"] == told["classes"]["D00"]["ap50"]
    (tmp_path / "data.yaml").write_text("names: [x, y, z]")
    code, _, said = run(capsys, "evaluate", name, "--data", str(tmp_path), "--json")
    assert (code, "data_class_unknown" in said) == (3, True)


def test_a_folder_that_spoils_on_the_way_leaves_no_predictions(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        for path in (data / part).iterdir():
            (tmp_path / part / path.name).write_bytes(path.read_bytes())
    (tmp_path / "labels" / "2.txt").write_text("9 0.5 0.5 1 1")
    out, name = tmp_path / "out.jsonl", open_model().settings.name
    code, said, told = run(
        capsys, "evaluate", name, "--data", str(tmp_path), "--json", "--predictions", str(out)
    )
    assert (code, said) == (3, "")
    assert told.splitlines()[-1].startswith("roadscan: data_class_unknown")
    assert not list(tmp_path.glob("out.jsonl*"))


def test_predictions_that_cannot_be_written_have_their_code(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    out, name = tmp_path / "nonesuch" / "out.jsonl", open_model().settings.name
    code, _, told = run(capsys, "evaluate", name, "--data", str(data), "--predictions", str(out))
    assert (code, "output_not_writable" in told) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["info", "nonesuch"], "model_unknown"),
        (["info", "./nonesuch"], "model_missing"),
        (["evaluate", "rdd-v5nu", "--data", "nonesuch"], "data_no_pictures"),
        (["evaluate", "int8:nonesuch", "--data", "nonesuch"], "model_unknown"),
    ],
)
def test_what_is_not_there_has_its_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    done, _, told = run(capsys, *arguments)
    assert done == 3
    assert told.startswith(f"roadscan: {code}: ")
