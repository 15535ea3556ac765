from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.model.access import AuditEntry
from roadscan.model.road import Vehicle
from roadscan.model.uploaded_file import (
    FileKind,
    FileTotals,
    StoredFile,
    UploadedFile,
    UploadSource,
    WaitingReason,
)
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files, waiting_drives
from tests.databases import DATABASES, open_on


@pytest.fixture(params=DATABASES)
def store(request, tmp_path):
    with open_on(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def files(store):
    return Files(store.engine)


def stored(name, *, number=0, survey="2026", content=None):
    return StoredFile(
        content or f"{name}-{number}", 100, name, FileKind.of(name), survey, "a1", "Ida", number
    )


def placed(path, *, drop="d1", of=0, number=0, content=None, survey="2026"):
    folder, _, name = path.rpartition("/")
    file = stored(name, number=number, content=content, survey=survey)
    return UploadedFile(file, UploadSource(drop, of, folder, name))


def put(files, item, upload_id="u1"):
    return files.put(item.file, item.place, upload_id)


def by_name(drives):
    return {drive.video.name: drive for drive in drives}


def test_the_kind_of_a_file_is_what_its_name_promises():
    names = ("A.MP4", "a.mts", "b.GPX", "b.nmea", "c.geojson", "cam.toml", "x.exe", "mp4", ".gpx")
    assert [FileKind.of(name).value for name in names] == [
        "video", "video", "track", "track", "track", "camera", "other", "other", "other",
    ]  # fmt: skip


def test_a_file_is_known_again_under_another_name(files):
    first, known = put(files, placed("a.mp4", content="same"), "u1")
    assert (first.name, known) == ("a.mp4", False)
    again, known = put(files, placed("other/b.mp4", content="same"), "u2")
    assert (again.name, known) == ("a.mp4", True)
    assert {place.name for place in files.places("same")} == {"a.mp4", "b.mp4"}
    assert [file.sha256 for file in files.newest(10)] == ["same"]


def test_the_same_upload_put_twice_is_still_its_first(files):
    item = placed("a.mp4")
    assert put(files, item, "u1") == put(files, item, "u1")
    assert put(files, item, "u1")[1] is False


def test_purged_bytes_that_come_again_are_new_and_wait(files):
    item = placed("a.mp4")
    put(files, item, "u1")
    files.take(item.file.sha256, "2026", "job")
    files.mark_purged(item.file.sha256, AuditEntry(5.0, "roadscan purge", "file_purged", "a.mp4"))
    assert files.held_bytes("a1") == 0
    assert files.waiting() == ()
    file, known = put(files, item, "u2")
    assert (file.purged_s, file.taken_by, known) == (None, "", False)
    assert len(files.waiting()) == 1


def test_a_file_that_a_job_took_since_it_was_read_is_not_deleted(files):
    item = placed("a.mp4")
    seen, _ = put(files, item, "u1")
    files.take(seen.sha256, "2026", "job")
    assert not files.claim_for_purge(seen)
    assert files.claim_for_purge(files.get(seen.sha256))


def test_no_job_takes_what_is_about_to_be_deleted(files):
    seen, _ = put(files, placed("a.mp4"), "u1")
    assert files.claim_for_purge(seen)
    assert files.claim_for_purge(seen)
    assert not files.take(seen.sha256, "2026", "job")
    assert files.waiting() == ()


def test_a_deletion_has_one_line_in_the_audit_log_however_often_it_is_tried(store, files):
    seen, _ = put(files, placed("a.mp4"), "u1")
    told = AuditEntry(5.0, "roadscan purge", "file_purged", "a.mp4")
    assert [files.mark_purged(seen.sha256, told) for _ in range(3)] == [True, False, False]
    assert Accounts(store.engine, lambda: 9.0).audit_log(9) == (told,)


def test_held_bytes_are_those_of_the_account(files):
    put(files, placed("a.mp4"))
    put(files, placed("b.mp4"))
    assert files.held_bytes("a1") == 200
    assert files.held_bytes("a2") == 0


def test_files_are_walked_from_the_newest_on(files):
    for k in range(7):
        put(files, placed("a.mp4", number=k // 2))
    put(files, placed("b.mp4", number=1))
    page = files.newest(2)
    seen = list(page)
    while page:
        page = files.newest(2, before=page[-1])
        seen.extend(page)
    assert len(seen) == len(set(seen)) == 5
    assert [file.uploaded_s for file in seen] == sorted(
        (file.uploaded_s for file in seen), reverse=True
    )


def test_a_video_is_taken_by_one_job_only(files):
    item = placed("a.mp4")
    put(files, item)
    assert files.take(item.file.sha256, "2026", "one")
    assert files.take(item.file.sha256, "2026", "one")
    assert not files.take(item.file.sha256, "2026", "two")
    assert files.waiting() == ()


def test_a_deleted_file_is_forgotten_with_its_places(files):
    item = placed("a.mp4")
    put(files, item)
    files.delete(item.file.sha256)
    assert files.get(item.file.sha256) is None
    assert files.places(item.file.sha256) == ()
    assert not files.take(item.file.sha256, "2026", "one")


def test_what_the_database_finds_waiting_is_what_all_places_say(files):
    items = [
        placed("n/a.mp4"), placed("n/a.gpx"), placed("n/b.MP4"), placed("n/B.nmea", drop="later"),
        placed("s/c.mp4"), placed("s/day.gpx"), placed("s/d.mp4"), placed("s/camera.toml"),
    ]  # fmt: skip
    for item in items:
        put(files, item)
    files.take("a.mp4-0", "2026", "job")
    drives = by_name(files.waiting())
    assert set(drives) == {"b.MP4", "c.mp4", "d.mp4"}
    assert drives["b.MP4"].track.name == "B.nmea"
    assert drives["c.mp4"].track.name == drives["d.mp4"].track.name == "day.gpx"
    assert drives["c.mp4"].camera.name == "camera.toml"
    assert all(drive.waits_for is None for drive in drives.values())


def test_a_video_without_a_track_waits_for_one():
    drives = waiting_drives([placed("a.mp4"), placed("other/a.gpx"), placed("b.gpx", drop="d2")])
    assert [drive.waits_for for drive in drives] == [WaitingReason.NO_TRACK]


def test_a_track_of_the_own_drop_is_meant_before_one_of_another():
    both = [placed("a.mp4"), placed("a.gpx"), placed("a.csv", drop="d2")]
    assert waiting_drives(both)[0].track.name == "a.gpx"


def test_two_tracks_of_the_same_name_are_not_guessed_between():
    drives = waiting_drives([placed("a.mp4"), placed("a.gpx"), placed("a.csv")])
    assert drives[0].waits_for is WaitingReason.SEVERAL_TRACKS
    assert drives[0].track is None


def test_two_cameras_are_not_guessed_between():
    drives = waiting_drives(
        [placed("a.mp4"), placed("a.gpx"), placed("left.toml"), placed("right.toml")]
    )
    assert drives[0].waits_for is WaitingReason.SEVERAL_CAMERAS


def test_the_track_of_a_folder_is_not_another_videos_own():
    drives = by_name(waiting_drives([placed("a.mp4"), placed("a.gpx"), placed("b.mp4")]))
    assert drives["a.mp4"].waits_for is None
    assert drives["b.mp4"].waits_for is WaitingReason.NO_TRACK


def test_a_drop_that_is_not_all_here_keeps_its_drives_waiting_unless_nothing_can_follow():
    of = 9
    drives = waiting_drives([placed("a.mp4", of=of), placed("a.gpx", of=of)])
    assert drives[0].waits_for is WaitingReason.DROP_UNFINISHED
    drives = waiting_drives(
        [placed("a.mp4", of=of), placed("a.gpx", of=of), placed("camera.toml", of=of)]
    )
    assert drives[0].waits_for is None
    drives = waiting_drives([placed("b.mp4", of=of), placed("day.gpx", of=of)])
    assert drives[0].waits_for is WaitingReason.DROP_UNFINISHED


def test_without_a_drop_only_names_count():
    drives = waiting_drives([placed("a.mp4", drop=""), placed("day.gpx", drop="")])
    assert drives[0].waits_for is WaitingReason.NO_TRACK


def test_a_video_dropped_twice_is_one_drive_and_ready_if_it_is_anywhere():
    drives = waiting_drives(
        [
            placed("a.mp4", content="v"),
            placed("x/a.mp4", drop="d2", content="v"),
            placed("x/a.gpx", drop="d2"),
        ]
    )
    assert [(drive.video.sha256, drive.waits_for) for drive in drives] == [("v", None)]


def test_a_camera_file_that_an_earlier_survey_had_belongs_to_the_next_one_too(files):
    for year in ("2026", "2027"):
        for name, content in (("a.mp4", year), ("a.gpx", f"track {year}"), ("cam.toml", "camera")):
            put(files, placed(name, content=content, survey=year), f"{name} {year}")
    drives = {drive.video.survey: drive for drive in files.waiting()}
    assert [drives[year].camera.sha256 for year in ("2026", "2027")] == ["camera"] * 2
    assert len(files.newest(10)) == 5  # stored once


def test_a_track_that_an_earlier_survey_had_belongs_to_the_next_one_too(files):
    for year in ("2026", "2027"):
        put(files, placed("a.mp4", content=year, survey=year))
        put(files, placed("day.gpx", content="track", survey=year))
    assert [drive.track.sha256 for drive in files.waiting()] == ["track"] * 2
    assert [drive.waits_for for drive in files.waiting()] == [None] * 2


def test_a_video_sent_for_two_surveys_is_a_drive_of_each_and_once_more_of_none(files):
    for year in ("2026", "2027", "2027"):
        put(files, placed("a.mp4", content="video", survey=year, drop=""))
        put(files, placed("a.gpx", content="track", survey=year, drop=""))
    assert [drive.video.survey for drive in files.waiting()] == ["2026", "2027"]
    assert files.take("video", "2026", "one")
    assert [drive.video.survey for drive in files.waiting()] == ["2027"]
    assert not files.is_waiting("video", "2026")
    assert files.is_waiting("video", "2027")
    put(files, placed("x/a.mp4", content="video", drop="again"))
    assert [drive.video.survey for drive in files.waiting()] == ["2027"]
    assert files.take("video", "2027", "two")
    assert files.waiting() == ()


def test_what_drove_is_kept_with_the_video_until_a_job_takes_it(files):
    item = placed("a.mp4", content="video")
    for vehicle in (Vehicle.CAR, Vehicle.BICYCLE):
        put(files, replace(item, file=replace(item.file, vehicle=vehicle)))
        (drive,) = files.waiting()
        assert drive.video.vehicle is vehicle


def test_the_same_drop_for_two_surveys_is_counted_for_each(files):
    of = 3
    put(files, placed("a.mp4", content="video", of=of))
    put(files, placed("a.gpx", content="track", of=of))
    put(files, placed("a.mp4", content="video", of=of, survey="2027"))
    assert {drive.waits_for for drive in files.waiting()} == {WaitingReason.DROP_UNFINISHED}


def test_bytes_known_under_another_name_are_what_their_new_name_says(files):
    put(files, placed("track.bak", content="track"))
    put(files, placed("a.mp4"))
    put(files, placed("a.gpx", content="track"))
    (drive,) = files.waiting()
    assert (drive.track.sha256, drive.track.name) == ("track", "a.gpx")
    assert files.get("track").kind is FileKind.TRACK  # and is deleted like one


def test_what_one_survey_withdraws_stays_with_the_other(files):
    for year in ("2026", "2027"):
        put(files, placed("a.mp4", content="video", survey=year))
    files.take("video", "2026", "job")
    assert files.withdraw("video", "2026") is None
    assert files.withdraw("video", "2027") == 1
    assert files.withdraw("video", "2027") is None
    assert files.get("video") is not None
    assert files.waiting() == ()


def test_no_job_takes_a_drive_whose_track_is_about_to_be_deleted(files):
    put(files, placed("a.mp4", content="video"))
    track, _ = put(files, placed("a.gpx", content="track"))
    assert files.claim_for_purge(track)
    assert not files.take("video", "2026", "job", ["track"])
    assert files.is_waiting("video", "2026")


def test_a_track_that_a_job_took_since_it_was_read_is_not_deleted(files):
    put(files, placed("a.mp4", content="video"))
    track, _ = put(files, placed("a.gpx", content="track"))
    assert files.take("video", "2026", "job", ["track"])
    assert not files.claim_for_purge(track)


def test_what_comes_again_is_as_old_as_its_last_sending(files):
    item = placed("a.mp4", number=1, content="video")
    put(files, item, "u1")
    files.mark_purged("video", AuditEntry(5.0, "roadscan purge", "file_purged", "a.mp4"))
    put(files, placed("a.mp4", number=9, content="video"), "u2")
    assert files.get("video").uploaded_s == 9
    put(files, placed("a.mp4", number=12, content="video", survey="2027"), "u3")
    assert files.get("video").uploaded_s == 12


names = st.sampled_from(["a.mp4", "b.mp4", "a.gpx", "b.gpx", "day.gpx", "a.toml", "cam.toml"])
places = st.builds(
    lambda name, folder, drop: placed(f"{folder}/{name}", drop=drop),
    names,
    st.sampled_from(["n", "s"]),
    st.sampled_from(["d1", "d2", ""]),
)


@given(st.lists(places, unique_by=lambda i: (i.place.folder, i.place.name, i.place.drop_id)))
def test_each_video_is_one_drive_with_sidecars_of_its_folder_in_any_order(items):
    items = [
        replace(item, file=replace(item.file, sha256=f"{item.place.folder}/{item.file.name}"))
        for item in items
    ]
    drives = waiting_drives(items)
    videos = {item.file.sha256 for item in items if item.file.kind is FileKind.VIDEO}
    assert [drive.video.sha256 for drive in drives] == sorted(videos)
    for drive in drives:
        assert (drive.track is None) == (drive.waits_for is not None) or (
            drive.waits_for is WaitingReason.SEVERAL_CAMERAS
        )
        for sidecar in (drive.track, drive.camera):
            assert sidecar is None or sidecar.sha256[0] == drive.video.sha256[0]
    assert set(waiting_drives(reversed(items))) == set(drives)


def test_what_is_held_is_counted_by_kind_without_what_was_purged(files):
    assert files.held() == {}
    for name in ("a.mp4", "b.mp4", "a.gpx", "gone.mp4"):
        put(files, placed(name))
    files.mark_purged("gone.mp4-0", AuditEntry(5.0, "Ada", "file_purged", "gone"))
    assert files.held() == {FileKind.VIDEO: FileTotals(2, 200), FileKind.TRACK: FileTotals(1, 100)}
