"""Time until the layers show a reviewer's verdict, on copies of a run's results.

    python -m benchmarks.review out/demo

Through the service's own routes, in one process, without a network: from sending the verdict until
the segment's feature has its new score and the damage is gone from its layer. For comparison, the
time to read the queue and to score the whole survey with its layers.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.pipeline.score_survey import score_survey
from roadscan.publish.served_features import publish_features
from roadscan.serve.app import create_app
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town, open_town
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts
from tests.databases import copy_into
from tests.throwaway_postgres import throwaway_postgres

ROUNDS = 20


def main(folder: Path) -> None:
    """Run the benchmark on both databases and print the results."""
    print(f"load {os.getloadavg()[0]:.1f} from others")
    with (
        tempfile.TemporaryDirectory(prefix="roadscan-bench-") as temporary,
        throwaway_postgres(durable=True) as address,
    ):
        towns = {
            "SQLite": ServeSettings(data=Path(temporary) / "sqlite", free_disk_reserve_bytes=0),
            "PostGIS": ServeSettings(
                data=Path(temporary) / "postgis", database=address, free_disk_reserve_bytes=0
            ),
        }
        for name, settings in towns.items():
            settings.data.mkdir()
            with open_town(settings) as town:
                copy_into(town.store, folder)
                print(f"{name}:")
                _measure(town)


def _measure(town: Town) -> None:
    store = town.store
    (survey,) = store.surveys()
    features = LayerStore(store.engine)
    whole_s = _timed(lambda: _score_all(store, features, survey))
    accounts = Accounts(store.engine, time.time)
    account = accounts.add("Rita", Role.REVIEWER, None)
    _, key = accounts.add_key(account.account_id, "bench", Role.REVIEWER, 3600.0)
    with TestClient(create_app(town), headers={"X-API-Key": key}) as client:
        print(f"{len(store.assessment(survey).segments)} segments")
        print(f"scoring all and its layers: {whole_s:.3f} s")
        _verdicts(client, survey)


def _score_all(store: Store, features: LayerStore, survey: str) -> None:
    publish_features(store, features, score_survey(store, survey))


def _verdicts(client: TestClient, survey: str) -> None:
    asked = {"survey": survey}
    queue = client.get("/api/reviews/queue", params=asked).json()["damages"]
    queue_s = [_timed(lambda: client.get("/api/reviews/queue", params=asked)) for _ in range(5)]
    shown_s, processor_s = [], []
    for damage in (queue * ROUNDS)[:ROUNDS]:
        began, busy = time.perf_counter(), time.process_time()
        body = asked | {"damage_id": damage["damage_id"], "verdict": "rejected"}
        made = client.post("/api/reviews", json=body).json()
        layers = (("segments", damage["segment_id"], 200), ("damages", damage["damage_id"], 404))
        for layer, feature_id, status in layers:
            item = f"/ogc/collections/{layer}/items/{feature_id}"
            answer = client.get(item, params=asked | {"f": "json"})
            if answer.status_code != status:
                sys.exit(f"{item} answers {answer.status_code}, not {status}")
            if layer == "segments" and answer.json()["properties"]["score"] == damage["score"]:
                print(f"{damage['damage_id']} leaves the score as it was")
        shown_s.append(time.perf_counter() - began)
        processor_s.append(time.process_time() - busy)
        client.post(f"/api/reviews/{made['number']}/undo")
    print(f"queue: median {median(queue_s):.3f} s")
    print(f"verdict until the layer shows it, {len(shown_s)} times: ", end="")
    print(f"median {median(shown_s):.3f} s, longest {max(shown_s):.3f} s, ", end="")
    print(f"of processor time {median(processor_s):.3f} s")


def _timed(body: Callable[[], object]) -> float:
    began = time.perf_counter()
    body()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(Path(sys.argv[1]))
