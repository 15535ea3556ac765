"""The review through the service, over a small drive that was assessed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import shapely
from schemathesis.specs.openapi.checks import response_schema_conformance
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.publish.layer_frames import load_results
from roadscan.publish.served_features import publish_features
from roadscan.serve.app import create_app
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town
from roadscan.store import tables
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts
from tests.databases import copy_into
from tests.small_drive import SmallDrive, run_small_drive

SURVEY = "Herbst"
ASKED = {"survey": SURVEY}


@pytest.fixture(scope="module")
def ran(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ran")
    run_small_drive(small_drive, out, SURVEY)
    return out


@pytest.fixture
def store(store: Store, ran: Path) -> Store:
    """Filled, its layers served, each frame with damage with a picture."""
    copy_into(store, ran)
    publish_features(store, LayerStore(store.engine), load_results(store, SURVEY))
    seen = tables.observations.c
    frames = select(seen.drive_id, seen.settings_sha256, seen.number, seen.frame_t_s).distinct()
    about = {
        "view": "road",
        "width": 320,
        "height": 180,
        "scale": 1.0,
        "footprint_wkb": shapely.to_wkb(shapely.Point(13, 51).buffer(1e-4)),
        "jpeg": b"a picture",
    }
    with store.engine.begin() as db:
        for row in db.execute(frames).all():
            db.execute(insert(tables.pictures).values(**row._mapping, **about))
    return store


@pytest.fixture
def reviewer(key_of: Callable[[Role], dict[str, str]]) -> dict[str, str]:
    return key_of(Role.REVIEWER)


def queue(client: TestClient, reviewer: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/reviews/queue", params=ASKED, headers=reviewer).json()
    return found


def give(client: TestClient, reviewer: dict[str, str], damage_id: str, **said: str) -> Any:
    body = {"survey": SURVEY, "damage_id": damage_id} | said
    return client.post("/api/reviews", json=body, headers=reviewer)


def layer(client: TestClient, reviewer: dict[str, str], name: str, **asked: str) -> Any:
    address = f"/ogc/collections/{name}/items"
    found = client.get(address, params=ASKED | asked | {"f": "json"}, headers=reviewer).json()
    return [feature["properties"] for feature in found["features"]]


def test_the_queue_begins_where_a_class_hangs_on_a_damage(
    client: TestClient, reviewer: dict[str, str]
) -> None:
    found = queue(client, reviewer)
    shares = [damage["share"] for damage in found["damages"]]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] >= 1.0
    assert (found["waiting"], found["reviewed"]) == (len(shares), 0)
    assert len(shares) == len(layer(client, reviewer, "damages"))
    assert {damage["kind"] for damage in found["damages"]} <= {k["kind"] for k in found["kinds"]}


@pytest.mark.both_databases
def test_scores_and_layers_follow_a_verdict_at_once(
    client: TestClient, reviewer: dict[str, str]
) -> None:
    waiting = queue(client, reviewer)["damages"]
    first = waiting[0]
    answer = give(client, reviewer, first["damage_id"], verdict="rejected", reason="Schatten")
    assert answer.status_code == 201
    segments = layer(client, reviewer, "segments")
    (segment,) = [s for s in segments if s["segment_id"] == first["segment_id"]]
    assert segment["score"] == first["without"]
    left = [damage["damage_id"] for damage in layer(client, reviewer, "damages")]
    assert first["damage_id"] not in left
    assert len(left) == queue(client, reviewer)["waiting"] == len(waiting) - 1


@pytest.mark.both_databases
def test_an_undo_brings_everything_back(client: TestClient, reviewer: dict[str, str]) -> None:
    before = layer(client, reviewer, "segments"), queue(client, reviewer)
    number = give(
        client, reviewer, before[1]["damages"][0]["damage_id"], verdict="rejected"
    ).json()["number"]
    undone = client.post(f"/api/reviews/{number}/undo", headers=reviewer)
    assert undone.json()["undone"] is True
    assert (layer(client, reviewer, "segments"), queue(client, reviewer)) == before
    again = client.post(f"/api/reviews/{number}/undo", headers=reviewer)
    assert (again.status_code, again.json()["code"]) == (404, "review_unknown")


def test_a_corrected_damage_is_no_longer_asked_about(
    client: TestClient, reviewer: dict[str, str]
) -> None:
    waiting = queue(client, reviewer)["damages"]
    first = next(d for d in waiting if d["kind"] == "D40")
    answer = give(client, reviewer, first["damage_id"], verdict="corrected", kind="D20")
    assert (answer.json()["kind_before"], answer.json()["kind"]) == ("D40", "D20")
    (corrected,) = [d for d in layer(client, reviewer, "damages") if d["review"] == "corrected"]
    assert corrected["kind"] == "D20"
    found = queue(client, reviewer)
    assert (found["waiting"], found["reviewed"]) == (len(waiting) - 1, 1)
    evidence = client.get(
        "/api/evidence/damage",
        params=ASKED | {"id": corrected["damage_id"]},
        headers=reviewer,
    ).json()
    assert client.get(evidence["photo"], headers=reviewer).content == b"a picture"


@pytest.mark.both_databases
def test_decisions_are_told_newest_first_with_who_and_why(
    client: TestClient, reviewer: dict[str, str]
) -> None:
    first, second, *_ = queue(client, reviewer)["damages"]
    give(client, reviewer, first["damage_id"], verdict="confirmed")
    give(client, reviewer, second["damage_id"], verdict="rejected", reason=" Fuge ")
    newest, oldest = client.get("/api/reviews", params=ASKED, headers=reviewer).json()
    assert (newest["reason"], newest["verdict"]) == ("Fuge", "rejected")
    assert newest["who"] == oldest["who"] == "reviewer 0"
    assert oldest["boxes"] == first["n_observations"]


def test_a_rejected_damage_still_shows_its_picture(
    client: TestClient, reviewer: dict[str, str]
) -> None:
    first = queue(client, reviewer)["damages"][0]
    number = give(client, reviewer, first["damage_id"], verdict="rejected").json()["number"]
    photo = client.get(f"/api/reviews/{number}/photo", headers=reviewer)
    assert (photo.content, photo.headers["Cache-Control"]) == (b"a picture", "private, no-store")


@pytest.mark.both_databases
def test_agreement_is_the_share_of_judged_boxes_that_were_right(
    client: TestClient, reviewer: dict[str, str]
) -> None:
    potholes = [d for d in queue(client, reviewer)["damages"] if d["kind"] == "D40"]
    give(client, reviewer, potholes[0]["damage_id"], verdict="confirmed")
    give(client, reviewer, potholes[1]["damage_id"], verdict="rejected")
    crack = next(d for d in queue(client, reviewer)["damages"] if d["kind"] == "D00")
    give(client, reviewer, crack["damage_id"], verdict="corrected", kind="D20")
    found = client.get("/api/reviews/agreement", params=ASKED, headers=reviewer).json()
    assert [(one["kind"], one["judged"], one["right"], one["share"]) for one in found] == [
        ("D00", 1, 0, 0.0),
        ("D40", 2, 1, 0.5),
    ]
    assert found[0]["another_kind"] == found[1]["no_damage"] == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"verdict": "corrected", "kind": "D99"}, "query_invalid"),
        ({"verdict": "corrected"}, "query_invalid"),
        ({"verdict": "maybe"}, "request_invalid"),
        ({"verdict": "rejected", "reason": "x" * 501}, "request_invalid"),
        ({"verdict": "rejected", "damage_id": "nothing"}, "evidence_unknown"),
        ({"verdict": "rejected", "survey": "Winter"}, "survey_unknown"),
        ({"verdict": "rejected", "survey": "a\0b"}, "request_invalid"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    client: TestClient, reviewer: dict[str, str], said: dict[str, str], code: str
) -> None:
    first = queue(client, reviewer)["damages"][0]
    answer = give(client, reviewer, **({"damage_id": first["damage_id"]} | said))
    assert answer.status_code in {400, 404}
    assert answer.json()["code"] == code
    assert client.get("/api/reviews", params=ASKED, headers=reviewer).json() == []


@pytest.mark.both_databases
def test_a_segment_says_which_verdicts_its_score_rests_on(
    client: TestClient, reviewer: dict[str, str]
) -> None:
    first = next(d for d in queue(client, reviewer)["damages"] if d["kind"] == "D40")
    asked = ASKED | {"id": first["segment_id"]}

    def shown() -> tuple[Any, Any]:
        evidence = client.get("/api/evidence/segment", params=asked, headers=reviewer).json()
        address = f"/ogc/collections/segments/items/{first['segment_id']}"
        served = client.get(address, params=ASKED, headers=reviewer).json()["properties"]
        assert evidence["properties"] == served
        return (served["n_reviewed"], served["n_rejected"]), evidence["reviews"]

    assert shown() == ((0, 0), [])
    said = {"verdict": "rejected", "reason": "a shadow"}
    number = give(client, reviewer, first["damage_id"], **said).json()["number"]
    counts, (review,) = shown()
    assert counts == (1, 1)
    assert review.pop("who")
    assert len(review.pop("day")) == len("2026-06-10")
    assert review == {
        "verdict": "rejected",
        "kind_before": "D40",
        "kind": "D40",
        "role": "reviewer",
        "reason": "a shadow",
    }
    client.post(f"/api/reviews/{number}/undo", headers=reviewer)
    assert shown() == ((0, 0), [])


def test_strangers_see_that_a_person_judged_but_not_who_or_why(
    store: Store, settings: ServeSettings, client: TestClient, reviewer: dict[str, str]
) -> None:
    first = queue(client, reviewer)["damages"][0]
    give(client, reviewer, first["damage_id"], verdict="rejected", reason="as Ms M. says")
    public = settings.model_copy(update={"public_collections": frozenset({"segments"})})
    asked = ASKED | {"id": first["segment_id"]}
    with TestClient(create_app(Town(public, store))) as stranger:
        (review,) = stranger.get("/api/evidence/segment", params=asked).json()["reviews"]
    assert (review["verdict"], review["role"]) == ("rejected", "reviewer")
    assert review["who"] is review["reason"] is None


@pytest.mark.parametrize(
    "address",
    [
        "/api/evidence/segment?survey=Winter&id=x",
        "/api/evidence/damage?survey=Winter&id=x",
        "/api/evidence/road?survey=Winter&id=x",
        "/api/evidence/photo?survey=Winter&id=x",
        "/api/reviews?survey=Winter",
        "/api/reviews/queue?survey=Winter",
        "/api/reviews/agreement?survey=Winter",
        "/ogc/collections/segments/items?survey=Winter",
        "/ogc/collections/segments/items/x?survey=Winter",
        "/ogc/collections/segments/items?survey=Winter&f=csv",
        "/ogc/collections/segments/tiles/WebMercatorQuad/12/1371/2195?survey=Winter",
    ],
)
def test_an_unknown_survey_is_told_never_replaced_by_another(
    client: TestClient, reviewer: dict[str, str], address: str
) -> None:
    answer = client.get(address, headers=reviewer)
    assert (answer.status_code, answer.json()["code"]) == (404, "survey_unknown")
    assert "Winter" in answer.json()["title"]


def test_decisions_and_undos_stand_in_the_audit_log(
    client: TestClient, reviewer: dict[str, str], accounts: Accounts
) -> None:
    first = queue(client, reviewer)["damages"][0]
    number = give(client, reviewer, first["damage_id"], verdict="rejected").json()["number"]
    client.post(f"/api/reviews/{number}/undo", headers=reviewer)
    done = [entry for entry in accounts.audit_log(10) if entry.action.startswith("review_")]
    assert [entry.action for entry in done] == ["review_undone", "review_decided"]
    assert f"{SURVEY} {first['damage_id']} rejected" in done[1].subject


def test_answers_with_something_in_them_are_as_described(
    store: Store, settings: ServeSettings, reviewer: dict[str, str]
) -> None:
    app = create_app(Town(settings, store))
    description = schemathesis.openapi.from_asgi("/api/openapi.json", app)

    def ask(path: str, unchecked: Sequence[Any] = (), **query: str) -> Any:
        case = description[path]["GET"].Case(query=query)
        answer = case.call_and_validate(headers=reviewer, excluded_checks=list(unchecked))
        assert answer.status_code == 200
        return answer

    first = ask("/api/reviews/queue", **ASKED).json()["damages"][0]
    with TestClient(app) as client:
        give(client, reviewer, first["damage_id"], verdict="confirmed")
    ask("/api/surveys")
    ask("/api/keys")
    ask("/api/reviews", **ASKED)
    ask("/api/reviews/agreement", **ASKED)
    ask("/api/evidence/segment", **ASKED, id=first["segment_id"])
    ask("/api/evidence/road", **ASKED, id=first["segment_id"])
    # schemathesis takes the schema of a box, which has prefixItems, for one of an older draft
    ask("/api/evidence/damage", [response_schema_conformance], **ASKED, id=first["damage_id"])
    assert ask("/api/evidence/photo", **ASKED, id=first["damage_id"]).content == b"a picture"
