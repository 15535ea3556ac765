"""Errors with stable codes: one family ends a run, the other affects a single input.

`RoadscanError` is raised and ends the command; its code determines the exit code. `InputFault`
is a value: one bad file among many, recorded with its facts in run.json while the others go on.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """Exit code of the command."""

    DONE = 0
    WRONG_OPTIONS = 2
    BAD_INPUT = 3
    NOTHING_ASSESSED = 4
    INTERNAL = 5


# Every error code with its exit code; a test checks docs/errors.md against it.
EXIT_CODES: Final[dict[str, ExitCode]] = {
    # options
    "option_invalid": ExitCode.WRONG_OPTIONS,
    # files and folders
    "file_missing": ExitCode.BAD_INPUT,
    "file_unreadable": ExitCode.BAD_INPUT,
    "file_empty": ExitCode.BAD_INPUT,
    "output_not_writable": ExitCode.BAD_INPUT,
    "output_disk_full": ExitCode.BAD_INPUT,
    "output_in_use": ExitCode.BAD_INPUT,
    # video
    "video_not_a_video": ExitCode.BAD_INPUT,
    "video_no_picture_stream": ExitCode.BAD_INPUT,
    "video_container_not_allowed": ExitCode.BAD_INPUT,
    "video_codec_not_allowed": ExitCode.BAD_INPUT,
    "video_too_large": ExitCode.BAD_INPUT,
    "video_decoder_crashed": ExitCode.BAD_INPUT,
    "video_decoder_timeout": ExitCode.BAD_INPUT,
    "video_nothing_usable": ExitCode.BAD_INPUT,
    # track
    "track_format_unknown": ExitCode.BAD_INPUT,
    "track_malformed": ExitCode.BAD_INPUT,
    "track_too_large": ExitCode.BAD_INPUT,
    "track_no_times": ExitCode.BAD_INPUT,
    "track_times_coarse": ExitCode.BAD_INPUT,
    "track_null_island": ExitCode.BAD_INPUT,
    "track_too_short": ExitCode.BAD_INPUT,
    "track_missing": ExitCode.BAD_INPUT,
    "track_swapped": ExitCode.BAD_INPUT,
    "track_no_overlap": ExitCode.BAD_INPUT,
    "clock_unknown": ExitCode.BAD_INPUT,
    "clock_contradicted": ExitCode.BAD_INPUT,
    "camera_looks_back": ExitCode.BAD_INPUT,
    "picture_mirrored": ExitCode.BAD_INPUT,
    # network
    "network_format_unknown": ExitCode.BAD_INPUT,
    "network_malformed": ExitCode.BAD_INPUT,
    "network_class_unknown": ExitCode.BAD_INPUT,
    "network_no_crs": ExitCode.BAD_INPUT,
    "network_no_lines": ExitCode.BAD_INPUT,
    "network_zip_refused": ExitCode.BAD_INPUT,
    "network_too_far": ExitCode.BAD_INPUT,
    "drive_needs_video": ExitCode.BAD_INPUT,
    # settings that are files
    "camera_invalid": ExitCode.BAD_INPUT,
    "camera_not_measured": ExitCode.BAD_INPUT,
    "camera_differs": ExitCode.BAD_INPUT,
    "scheme_unknown": ExitCode.BAD_INPUT,
    "scheme_invalid": ExitCode.BAD_INPUT,
    "scheme_needs_video": ExitCode.BAD_INPUT,
    "survey_unknown": ExitCode.BAD_INPUT,
    "survey_other_network": ExitCode.BAD_INPUT,
    "score_input_invalid": ExitCode.BAD_INPUT,
    "record_malformed": ExitCode.BAD_INPUT,
    "objections_malformed": ExitCode.BAD_INPUT,
    "model_unknown": ExitCode.BAD_INPUT,
    "model_missing": ExitCode.BAD_INPUT,
    "model_checksum": ExitCode.BAD_INPUT,
    "model_invalid": ExitCode.BAD_INPUT,
    "model_untrusted": ExitCode.BAD_INPUT,
    "replay_malformed": ExitCode.BAD_INPUT,
    # labelled pictures
    "data_no_pictures": ExitCode.BAD_INPUT,
    "data_picture_unreadable": ExitCode.BAD_INPUT,
    "data_labels_malformed": ExitCode.BAD_INPUT,
    "data_names_malformed": ExitCode.BAD_INPUT,
    "data_class_unknown": ExitCode.BAD_INPUT,
    "camera_sees_no_road": ExitCode.BAD_INPUT,
    "extra_missing": ExitCode.BAD_INPUT,
    # store
    "store_version": ExitCode.BAD_INPUT,
    "store_malformed": ExitCode.BAD_INPUT,
    "store_unreachable": ExitCode.BAD_INPUT,
    "store_busy": ExitCode.BAD_INPUT,
    # service
    "account_exists": ExitCode.BAD_INPUT,
    "account_unknown": ExitCode.BAD_INPUT,
    "key_unknown": ExitCode.BAD_INPUT,
    "last_administrator": ExitCode.BAD_INPUT,
    "login_failed": ExitCode.BAD_INPUT,
    "login_too_often": ExitCode.BAD_INPUT,
    "oidc_unreachable": ExitCode.BAD_INPUT,
    "oidc_refused": ExitCode.BAD_INPUT,
    "oidc_state": ExitCode.BAD_INPUT,
    "oidc_no_role": ExitCode.BAD_INPUT,
    "password_too_weak": ExitCode.BAD_INPUT,
    "invitation_used": ExitCode.BAD_INPUT,
    "not_logged_in": ExitCode.BAD_INPUT,
    "not_allowed": ExitCode.BAD_INPUT,
    "csrf_token_wrong": ExitCode.BAD_INPUT,
    # upload
    "upload_header": ExitCode.BAD_INPUT,
    "upload_metadata": ExitCode.BAD_INPUT,
    "upload_name": ExitCode.BAD_INPUT,
    "upload_version": ExitCode.BAD_INPUT,
    "upload_content_type": ExitCode.BAD_INPUT,
    "upload_unknown": ExitCode.BAD_INPUT,
    "upload_gone": ExitCode.BAD_INPUT,
    "upload_offset": ExitCode.BAD_INPUT,
    "upload_locked": ExitCode.BAD_INPUT,
    "upload_too_large": ExitCode.BAD_INPUT,
    "upload_quota": ExitCode.BAD_INPUT,
    "upload_checksum": ExitCode.BAD_INPUT,
    "upload_stalled": ExitCode.BAD_INPUT,
    "file_in_use": ExitCode.BAD_INPUT,
    "service_unreachable": ExitCode.BAD_INPUT,
    "service_answer": ExitCode.BAD_INPUT,
    "job_unknown": ExitCode.BAD_INPUT,
    "job_not_stopped": ExitCode.BAD_INPUT,
    "check_not_ended": ExitCode.BAD_INPUT,
    "drive_not_waiting": ExitCode.BAD_INPUT,
    "drive_unknown": ExitCode.BAD_INPUT,
    "drive_in_work": ExitCode.BAD_INPUT,
    "network_missing": ExitCode.BAD_INPUT,
    "network_unknown": ExitCode.BAD_INPUT,
    "backup_failed": ExitCode.BAD_INPUT,
    "backup_malformed": ExitCode.BAD_INPUT,
    "evidence_unknown": ExitCode.BAD_INPUT,
    "photo_missing": ExitCode.BAD_INPUT,
    "review_unknown": ExitCode.BAD_INPUT,
    # layers
    "query_invalid": ExitCode.BAD_INPUT,
    "layer_unknown": ExitCode.BAD_INPUT,
    "feature_unknown": ExitCode.BAD_INPUT,
    # outcome
    "nothing_assessed": ExitCode.NOTHING_ASSESSED,
    "internal": ExitCode.INTERNAL,
}


class RoadscanError(Exception):
    """An error that ends a run: a stable code, what is wrong with the value, what to do about it.

    `facts` are the values found, for callers that carry on without the affected input.
    """

    def __init__(self, code: str, message: str, hint: str, **facts: str | float) -> None:
        super().__init__(" ".join(f"{code}: {message}. {hint}".split()))
        self.exit_code = EXIT_CODES[code]
        self.code = code
        self.message = message
        self.hint = hint
        self.facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        """Make it picklable, to pass between processes."""
        return _rebuilt, (self.code, self.message, self.hint, self.facts)


def _rebuilt(code: str, message: str, hint: str, facts: dict[str, str | float]) -> RoadscanError:
    return RoadscanError(code, message, hint, **facts)


@dataclass(frozen=True, slots=True)
class InputFault:
    """An error in one input while the others went on; `facts` hold the values found."""

    source: str
    code: str
    message: str
    hint: str
    facts: dict[str, str | float] = field(default_factory=dict)

    @classmethod
    def of(cls, source: str, error: RoadscanError) -> "InputFault":
        """Turn an error that belongs to one input into a value."""
        return cls(source, error.code, error.message, error.hint, error.facts)
