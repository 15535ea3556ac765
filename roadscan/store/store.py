"""The store: networks, drives and surveys in SQL that SQLite and PostgreSQL both understand."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, reduce
from itertools import groupby
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError

from roadscan.errors import RoadscanError
from roadscan.model.damage import Damage, LaneGrid, Rejection, merge_grids
from roadscan.model.drive import ChunkResult, Drive, FrameCounts, RematchInputs
from roadscan.model.frame import FrameRejection
from roadscan.model.link_table import kept
from roadscan.model.review import ReviewedObservation
from roadscan.model.road import Direction, Lane, Network
from roadscan.model.survey import (
    Assessment,
    DriveKey,
    DrivePass,
    LaneEvidence,
    Survey,
    SurveyCounts,
    SurveyTotals,
)
from roadscan.store import tables
from roadscan.store.erasure import Erased, erase_drive
from roadscan.store.layers.patch import mark_stale
from roadscan.store.rescoring import ensure_scoring, request_scoring
from roadscan.store.reviews import Reviews
from roadscan.store.statements import drive_key, of_survey, replace_rows
from roadscan.store.surveys import rows
from roadscan.store.surveys.chunks import put_chunk
from roadscan.store.surveys.pictures import Pictures
from roadscan.store.surveys.rematch_inputs import StoredRematchInputs, put_rematch_inputs
from roadscan.store.surveys.results import assessment_where, damages_where, put_assessment, totals

LINKS_AT_ONCE: Final = 5000
NETWORKS_AT_HAND: Final = 2
"""Networks that a process keeps: each drive needs one, and what is stored of it never changes."""


class Store:
    """All that was recorded, detected and assessed; results and layers can be rebuilt from it.

    Each write is one transaction and may be repeated. `sqlite.py` and `postgis.py` open stores;
    `explain` turns the database's error into a RoadscanError when writing fails.
    """

    def __init__(
        self, engine: Engine, explain: Callable[[OperationalError], RoadscanError]
    ) -> None:
        self._engine = engine
        self._explain = explain
        self._whole_network = lru_cache(maxsize=NETWORKS_AT_HAND)(self._load_network)

    @property
    def engine(self) -> Engine:
        """The database, for other users of it: accounts, files, layers."""
        return self._engine

    @property
    def pictures(self) -> Pictures:
        """The stored pictures, and the areas of which none may be stored."""
        return Pictures(self._engine)

    @property
    def reviews(self) -> Reviews:
        """The decisions of reviewers."""
        return Reviews(self._engine)

    @property
    def rematch_inputs(self) -> StoredRematchInputs:
        """The inputs for matching drives to another network."""
        return StoredRematchInputs(self._engine)

    def put_network(self, network: Network) -> None:
        """Store a network under its checksum."""
        key = {"network_sha256": network.sha256}
        with self._writing() as db:
            if self._exists(db, tables.networks, key):
                return
            head = {"crs_epsg": network.crs_epsg, "source": network.source}
            db.execute(insert(tables.networks), key | head)
            for start in range(0, len(network.links), LINKS_AT_ONCE):
                some = enumerate(network.links[start : start + LINKS_AT_ONCE], start)
                db.execute(insert(tables.links), [rows.link_row(link, k) | key for k, link in some])

    def has_network(self, sha256: str) -> bool:
        """Return whether a network of this checksum is stored."""
        with self._engine.connect() as db:
            return self._exists(db, tables.networks, {"network_sha256": sha256})

    def put_drive(self, drive: Drive, inputs: RematchInputs | None = None) -> None:
        """Store a drive under its id and settings, with the inputs for matching it again."""
        key = {"drive_id": drive.drive_id, "settings_sha256": drive.settings_sha256}
        with self._writing() as db:
            replace_rows(db, tables.drives, key, [rows.drive_row(drive)])
            if inputs:
                put_rematch_inputs(db, drive, inputs)

    def drive(self, key: DriveKey) -> Drive:
        """Return a drive; KeyError without one of this key."""
        with self._engine.connect() as db:
            row = db.execute(select(tables.drives).filter_by(**drive_key(key))).mappings().first()
        if row is None:
            raise KeyError(key)
        return rows.drive_of(dict(row))

    def known_drive(self, drive_id: str) -> Drive | None:
        """Return a drive under any of its settings; None without one."""
        query = select(tables.drives).filter_by(drive_id=drive_id)
        with self._engine.connect() as db:
            row = db.execute(query.order_by(tables.drives.c.settings_sha256)).mappings().first()
        return None if row is None else rows.drive_of(dict(row))

    def erase_drive(self, drive_id: str) -> Erased:
        """Erase everything stored about a drive."""
        return erase_drive(self._engine, drive_id)

    def done_chunks(self, drive_id: str, settings_sha256: str) -> frozenset[int]:
        """Return the numbers of the chunks that are stored."""
        found = select(tables.chunks.c.number).where(
            tables.chunks.c.drive_id == drive_id,
            tables.chunks.c.settings_sha256 == settings_sha256,
        )
        with self._engine.connect() as db:
            return frozenset(db.scalars(found))

    def put_chunk(self, result: ChunkResult, settings_sha256: str) -> None:
        """Store the result of a chunk in place of that of an earlier attempt."""
        with self._writing() as db:
            put_chunk(db, result, settings_sha256)

    def put_survey(self, survey: Survey) -> None:
        """Store a survey and the drives it consists of."""
        key = {"survey": survey.name}
        with self._writing() as db:
            replace_rows(db, tables.surveys, key, [_survey_row(survey)])
            members = [drive_key(drive) | key for drive in survey.drives]
            replace_rows(db, tables.survey_drives, key, members)

    def join_survey(self, survey: Survey) -> None:
        """Add drives to a survey, which is created if it does not exist, and request its scoring.

        An existing survey keeps its network and its scheme; its model is that of the last drive.
        """
        key = {"survey": survey.name}
        ensure_scoring(self._engine, survey.name)
        with suppress(IntegrityError), self._writing() as db:
            db.execute(insert(tables.surveys), _survey_row(survey))
        row = _survey_row(survey)
        model = {name: row[name] for name in ("model_name", "model_kinds", "hit_rates")}
        with self._writing() as db:
            change = request_scoring(db, survey.name)
            came = key | {"change": change if _only_adds(db, survey) else None}
            db.execute(update(tables.surveys).filter_by(**key).values(model))
            for drive in survey.drives:
                this = key | {"drive_id": drive.drive_id}
                replace_rows(db, tables.survey_drives, this, [drive_key(drive) | came])

    def use_scheme(self, survey: str, scheme_text: str) -> None:
        """Change the scheme of a survey and request its scoring."""
        ensure_scoring(self._engine, survey)
        with self._writing() as db:
            request_scoring(db, survey)
            this = tables.surveys.c.survey == survey
            db.execute(update(tables.surveys).where(this).values(scheme_text=scheme_text))

    def put_assessment(self, survey: str, assessment: Assessment) -> None:
        """Store the results of a survey in place of earlier ones; its layers become stale."""
        with self._writing() as db:
            put_assessment(db, survey, assessment)
            mark_stale(db, survey)

    def survey(self, name: str) -> Survey:
        """Return a survey; KeyError without one of this name."""
        with self._engine.connect() as db:
            head = (
                db.execute(select(tables.surveys).where(tables.surveys.c.survey == name))
                .mappings()
                .first()
            )
            if head is None:
                raise KeyError(name)
            keys = db.execute(
                select(tables.survey_drives.c.drive_id, tables.survey_drives.c.settings_sha256)
                .where(tables.survey_drives.c.survey == name)
                .order_by(tables.survey_drives.c.drive_id)
            )
            return Survey(
                name,
                head["network_sha256"],
                head["model_name"],
                tuple(head["model_kinds"]),
                head["scheme_text"],
                tuple(DriveKey(*key) for key in keys),
                rows.HIT_RATES.validate_python(head["hit_rates"] or {}),
            )

    def surveys(self) -> tuple[str, ...]:
        """Return the names of all surveys, in order."""
        name = tables.surveys.c.survey
        with self._engine.connect() as db:
            return tuple(db.scalars(select(name).order_by(name)))

    def network(self, sha256: str) -> Network:
        """Return a network; KeyError without one of this checksum. The last ones are at hand."""
        return self._whole_network(sha256)

    def network_part(self, sha256: str, link_ids: Iterable[str]) -> Network:
        """Return some links of a network; KeyError without one of this checksum."""
        some = tables.links.c.link_id.in_(sorted(set(link_ids)))
        return self._network(sha256, select(tables.links).where(some))

    def drives(self, survey: str) -> tuple[Drive, ...]:
        """Return the drives of a survey by their start, then id."""
        query = of_survey(select(tables.drives), tables.drives, survey).order_by(
            tables.drives.c.started_s, tables.drives.c.drive_id
        )
        with self._engine.connect() as db:
            return tuple(rows.drive_of(dict(row)) for row in db.execute(query).mappings())

    def lane_passes(self, survey: str) -> Iterator[tuple[DrivePass, ...]]:
        """Yield the passes over each lane of a survey, in order of link id."""
        return self._passes(self._usable(survey, tables.grids.c.usable))

    def lanes_driven(self, key: DriveKey) -> frozenset[Lane]:
        """Return the lanes that a drive viewed or would have viewed."""
        columns = (tables.grids.c.link_id, tables.grids.c.direction)
        query = select(*columns).filter_by(**drive_key(key)).distinct()
        with self._engine.connect() as db:
            return frozenset((link, Direction(way)) for link, way in db.execute(query))

    def seen_on(self, survey: str, link_ids: Collection[str]) -> dict[Lane, LaneEvidence]:
        """Return the evidence that a survey has for some links, by lane; a lane may be missing."""
        grids, observations = tables.grids, tables.observations
        usable, unusable = (
            {
                passes[0].grid.lane: passes
                for passes in self._passes(
                    self._usable(survey, grids.c.link_id.in_(link_ids) & which)
                )
            }
            for which in (grids.c.usable, ~grids.c.usable)
        )
        found = defaultdict[Lane, list[ReviewedObservation]](list)
        for sighting in self._sightings(survey, observations.c.link_id.in_(link_ids)):
            seen = sighting.observation
            found[seen.link_id, seen.direction].append(sighting)
        return {
            lane: LaneEvidence(
                usable.get(lane, ()), _all_of(unusable.get(lane, ())), tuple(found[lane])
            )
            for lane in {*usable, *unusable, *found}
        }

    def sightings(
        self, survey: str, link_id: str, direction: Direction
    ) -> tuple[ReviewedObservation, ...]:
        """Return the observations on one lane, in order of time."""
        table = tables.observations.c
        lane = (table.link_id == link_id) & (table.direction == direction.value)
        return tuple(self._sightings(survey, lane))

    def counts(self, survey: str) -> SurveyCounts:
        """Return the counts of a survey's frames and detections."""
        rejected = Counter[FrameRejection]()
        totals = Counter[str]()
        with self._engine.connect() as db:
            chunks = of_survey(select(tables.chunks), tables.chunks, survey)
            for row in db.execute(chunks).mappings():
                names = ("planned", "decoded", "usable", "detections", "observed")
                totals.update({name: row[name] for name in names})
                rejected.update({FrameRejection(k): n for k, n in row["rejected"].items()})
            boxes = tables.rejected_boxes
            by_reason = of_survey(select(boxes.c.reason, func.count()), boxes, survey)
            counted = db.execute(by_reason.group_by(boxes.c.reason))
            rejections = {Rejection(reason): count for reason, count in counted}
        frames = FrameCounts(totals["planned"], totals["decoded"], totals["usable"], dict(rejected))
        return SurveyCounts(frames, totals["detections"], totals["observed"], rejections)

    def damage(self, survey: str, damage_id: str) -> Damage:
        """Return one damage of a survey; KeyError without one of this id."""
        with self._engine.connect() as db:
            found = damages_where(db, survey, tables.damages.c.damage_id == damage_id)
        if not found:
            raise KeyError(damage_id)
        return found[0]

    def damages_on(self, survey: str, segment_ids: Collection[str]) -> tuple[Damage, ...]:
        """Return the damages of some segments of a survey."""
        with self._engine.connect() as db:
            return damages_where(db, survey, tables.damages.c.segment_id.in_(segment_ids))

    def totals(self, survey: str) -> SurveyTotals:
        """Return the numbers of segments and damages of a survey."""
        with self._engine.connect() as db:
            return totals(db, survey)

    def assessment(self, survey: str) -> Assessment:
        """Return the results of a survey."""
        with self._engine.connect() as db:
            return assessment_where(db, survey, true())

    def damaged(self, survey: str) -> Assessment:
        """Return the damages of a survey, and the results of the links on which they lie."""
        own = tables.damages.c.survey == survey
        links = select(tables.damages.c.damage["link_id"].as_string()).where(own)
        with self._engine.connect() as db:
            on_them = tables.results.c.segment["link_id"].as_string().in_(links)
            return assessment_where(db, survey, on_them)

    def _sightings(self, survey: str, where: ColumnElement[bool]) -> Iterator[ReviewedObservation]:
        table = tables.observations
        query = of_survey(select(table), table, survey).where(where)
        by_time = query.order_by(table.c.frame_t_s, table.c.drive_id, table.c.position)
        with self._engine.connect() as db:
            for row in db.execute(by_time).mappings():
                yield rows.sighting_of(dict(row))

    def _usable(self, survey: str, which: ColumnElement[bool]) -> Select[Any]:
        return of_survey(select(tables.grids), tables.grids, survey).where(which)

    def _passes(self, found_by: Select[Any]) -> Iterator[tuple[DrivePass, ...]]:
        """Yield the passes over each lane; the chunks of a pass are added up."""
        table = tables.grids
        query = found_by.order_by(
            table.c.link_id,
            table.c.direction,
            table.c.drive_id,
            table.c.pass_number,
            table.c.number,
        )
        with (
            self._engine.connect() as db,
            db.execute(query, execution_options={"yield_per": 200}) as found,
        ):
            lanes = groupby(found.mappings(), key=lambda row: (row["link_id"], row["direction"]))
            for _, own in lanes:
                passes = groupby(own, key=lambda row: (row["drive_id"], row["pass_number"]))
                yield tuple(
                    DrivePass(drive_id, reduce(merge_grids, map(rows.grid_of, map(dict, parts))))
                    for (drive_id, _), parts in passes
                )

    def _load_network(self, sha256: str) -> Network:
        return self._network(sha256, select(tables.links))

    def _network(self, sha256: str, links: Select[Any]) -> Network:
        own = tables.networks.c.network_sha256 == sha256
        with self._engine.connect() as db:
            head = db.execute(select(tables.networks).where(own)).mappings().first()
            if head is None:
                raise KeyError(sha256)
            query = links.where(tables.links.c.network_sha256 == sha256)
            number = db.scalar(select(func.count()).select_from(query.subquery())) or 0
            streamed = {"yield_per": LINKS_AT_ONCE}
            found = db.execute(query.order_by(tables.links.c.number), execution_options=streamed)
            return Network(
                kept((rows.link_of(dict(row)) for row in found.mappings()), number),
                head["crs_epsg"],
                sha256,
                head["source"],
            )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as db:
                yield db
        except OperationalError as error:
            raise self._explain(error) from error

    @staticmethod
    def _exists(db: Connection, table: Table, key: dict[str, Any]) -> bool:
        return db.execute(select(table).filter_by(**key)).first() is not None


def _all_of(passes: Sequence[DrivePass]) -> LaneGrid | None:
    return reduce(merge_grids, [one.grid for one in passes]) if passes else None


def _only_adds(db: Connection, survey: Survey) -> bool:
    """Return whether joining drives only add their own evidence to a survey."""
    this: dict[str, Any] = {"survey": survey.name}
    known = db.execute(select(tables.surveys).filter_by(**this)).one()
    table = tables.survey_drives
    others = {drive.drive_id: drive.settings_sha256 for drive in survey.drives}
    earlier = select(table).filter_by(**this).where(table.c.drive_id.in_(others))
    same_keys = all(others[r.drive_id] == r.settings_sha256 for r in db.execute(earlier))
    row = _survey_row(survey)
    same_model = all(
        getattr(known, name) == row[name] for name in ("model_name", "model_kinds", "hit_rates")
    )
    return same_keys and same_model


def _survey_row(survey: Survey) -> dict[str, Any]:
    return {
        "survey": survey.name,
        "network_sha256": survey.network_sha256,
        "model_name": survey.model_name,
        "model_kinds": list(survey.model_kinds),
        "scheme_text": survey.scheme_text,
        "hit_rates": rows.plain(survey.hit_rates, rows.HIT_RATES),
    }
