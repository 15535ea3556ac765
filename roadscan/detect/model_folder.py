"""Find and verify models by name; roadscan.detect.detector loads their networks.

A model is a folder with model.toml, CARD.md and the files that model.toml lists with their
checksums. Bundled models are in models/ of a checkout or in roadscan/_models of an installation;
others are given by their folder. The working directory is never searched.

A prefix selects the runtime: "f32:NAME", "bf16:NAME" or "int8:NAME" for OpenVINO, "torch:NAME" for
torch; NAME alone uses the precision in model.toml.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from roadscan.detect.thresholds import Thresholds
from roadscan.errors import RoadscanError
from roadscan.model.hit_rate import HitRate, possible

SETTINGS_FILE: Final = "model.toml"
CARD_FILE: Final = "CARD.md"
TORCH: Final = "torch"
PRECISIONS: Final = ("f32", "bf16", "f16", "int8")

Task = Literal["damage", "privacy"]
Precision = Literal["f32", "bf16", "f16", "int8"]
Share = Annotated[float, Field(gt=0, lt=1)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_STRICT = ConfigDict(frozen=True, extra="forbid")


class Figures(BaseModel):
    """Detection metrics for one class in one set of pictures; None without true boxes."""

    model_config = _STRICT
    boxes: int
    ap50: float | None = None
    ap50_95: float | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


class ModelSettings(BaseModel):
    """Content of model.toml."""

    model_config = _STRICT
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    version: Annotated[int, Field(ge=1)]
    default: bool = False
    """Used when no model is given; one for each task."""
    task: Task = "damage"
    """Kind of its classes: road damage, or persons and vehicles to be redacted."""
    licence: str
    classes: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    long_side_px: Annotated[int, Field(ge=32, le=4096, multiple_of=32)]
    """Frames are shrunk to this size for the network."""
    confidence: Share
    class_confidence: dict[str, Share] = {}
    """Overrides `confidence` by class."""
    class_confidence_int8: dict[str, Share] = {}
    """Overrides for the quantised network, which is less confident of the same boxes."""
    nms_iou: Share
    temperature: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Calibrates confidences to hit rates (Guo et al. 2017); thresholds apply after it."""
    precision: Precision = "f32"
    """Default precision of OpenVINO."""
    network: FileName
    """The OpenVINO .xml."""
    network_int8: FileName | None = None
    """The quantised network, if there is one."""
    weights: FileName
    """The .pt for torch."""
    sha256: Annotated[dict[FileName, Sha256], Field(min_length=1)]
    hit_rates: Annotated[dict[str, HitRate], AfterValidator(possible)] = {}
    """By kind, or several joined by "+"; by cells of the lane."""
    figures: dict[str, dict[str, Figures]] = {}
    """By set of pictures (view and split) and class; measured at the thresholds above."""

    def thresholds(self, runtime: str) -> Thresholds:
        """Return the thresholds for a runtime."""
        own = self.class_confidence_int8 if runtime == "int8" else {}
        return Thresholds.of(
            self.classes,
            self.confidence,
            {**self.class_confidence, **own},
            self.nms_iou,
            self.temperature,
        )

    def network_in(self, runtime: str) -> str:
        """Return the OpenVINO network of a precision."""
        return self.network_int8 if runtime == "int8" and self.network_int8 else self.network

    def identity(self) -> str:
        """SHA-256 of what determines the boxes: settings and the checksums of the files.

        Figures and hit rates are not part of it: a new evaluation does not make it another model.
        """
        decisive = self.model_dump_json(exclude={"figures", "hit_rates", "default", "licence"})
        return hashlib.sha256(decisive.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose files match its model.toml, and the runtime to use."""

    folder: Path
    settings: ModelSettings
    runtime: str
    """"torch", or the precision in which OpenVINO computes."""

    @property
    def thresholds(self) -> Thresholds:
        """Thresholds for the runtime."""
        return self.settings.thresholds(self.runtime)


def open_model(spec: str = "", task: Task | None = None, *, trust_pt: bool = False) -> Model:
    """Find a model, of one task or of any, and verify its checksums without running it.

    Raises
    ------
    RoadscanError
        model_unknown, model_missing, model_invalid, model_checksum or model_untrusted.
    """
    runtime, name = _runtime(spec)
    folder = _find(name, task or "damage")
    settings = read_settings(folder)
    if task not in {None, settings.task}:
        raise _invalid(folder / SETTINGS_FILE, f"its task is {settings.task!r}, not {task!r}")
    if runtime == TORCH and not trust_pt and folder.resolve().parent != _models_folder():
        raise RoadscanError(
            "model_untrusted",
            f"{folder / settings.weights} is a pickle, which runs code when it is loaded",
            "Drop torch: to run the model with OpenVINO, or pass --trust-pt if you know "
            "where the file comes from",
        )
    if runtime == "int8" and settings.network_int8 is None:
        raise _invalid(folder / SETTINGS_FILE, "there is no network_int8")
    verify(folder, settings)
    return Model(folder, settings, runtime or settings.precision)


def list_models() -> tuple[ModelSettings, ...]:
    """Return the settings of each bundled model, by name."""
    return tuple(read_settings(folder) for folder in model_folders())


def read_settings(folder: Path) -> ModelSettings:
    """Read and check a folder's model.toml; raises model_missing or model_invalid."""
    path = folder / SETTINGS_FILE
    try:
        settings = ModelSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise _missing(path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(path, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _invalid(path, f"{where}: {first['msg']}") from error
    if settings.precision == "int8" and settings.network_int8 is None:
        raise _invalid(path, "precision is int8, but there is no network_int8")
    if settings.class_confidence_int8 and settings.network_int8 is None:
        raise _invalid(path, "class_confidence_int8 is given, but there is no network_int8")
    for key in ("class_confidence", "class_confidence_int8"):
        strange = set(getattr(settings, key)) - set(settings.classes)
        if strange:
            raise _invalid(path, f"{key} names {sorted(strange)}, which is not among the classes")
    for file in _files(settings):
        if file not in settings.sha256:
            raise _invalid(path, f"sha256 of {file} is not given")
    return settings


def verify(folder: Path, settings: ModelSettings) -> None:
    """Verify every file's checksum; raises model_missing or model_checksum."""
    for name, expected in settings.sha256.items():
        path = folder / name
        if not path.is_file():
            raise _missing(path)
        seen = _sha256(path)
        if seen != expected:
            raise RoadscanError(
                "model_checksum",
                f"{path} has SHA-256 {seen[:12]}..., model.toml says {expected[:12]}...",
                "The file was changed or truncated: install roadscan or download the model again",
            )


def _models_folder() -> Path:
    package = Path(__file__).resolve().parent.parent
    installed = package / "_models"
    return installed if installed.is_dir() else package.parent / "models"


def model_folders() -> tuple[Path, ...]:
    """Return the folders of the bundled models, by name."""
    return tuple(sorted(path.parent for path in _models_folder().glob(f"*/{SETTINGS_FILE}")))


def _files(settings: ModelSettings) -> list[str]:
    """Return the names of all files of a model that may be opened."""
    networks = [name for name in (settings.network, settings.network_int8) if name]
    return [
        *networks,
        *(str(Path(name).with_suffix(".bin")) for name in networks),
        settings.weights,
    ]


def _runtime(spec: str) -> tuple[str, str]:
    """Split "bf16:NAME" into runtime and name; runtime "" stands for the one in model.toml."""
    runtime, colon, name = spec.partition(":")
    return (runtime, name) if colon and runtime in {TORCH, *PRECISIONS} else ("", spec)


def _find(name: str, task: Task = "damage") -> Path:
    """Return the folder of a model; a name with a separator is a path."""
    if "/" in name or "\\" in name:
        folder = Path(name)
        if not folder.is_dir():
            raise _missing(folder)
        return folder
    folders = model_folders()
    for folder in folders:
        if folder.name == name or (not name and _is_default(folder, task)):
            return folder
    known = ", ".join(folder.name for folder in folders) or "none"
    if not name:
        raise RoadscanError(
            "model_missing",
            f"there is no default {task} model in {_models_folder()}",
            "Install roadscan again, or pass --model a name, a folder or replay:FILE",
        )
    raise RoadscanError(
        "model_unknown",
        f"there is no model {name!r}",
        f"Known models: {known}; write a folder with a /, detections as replay:FILE",
    )


def _is_default(folder: Path, task: Task) -> bool:
    settings = read_settings(folder)
    return settings.default and settings.task == task


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _missing(path: Path) -> RoadscanError:
    return RoadscanError(
        "model_missing",
        f"{path} does not exist",
        "Pass --model a known name, or a folder with model.toml and the files that it lists",
    )


def _invalid(path: Path, problem: str) -> RoadscanError:
    return RoadscanError(
        "model_invalid",
        f"{path}: {problem}".replace("\n", " "),
        "See models/README.md for the keys of model.toml",
    )
