"""Objections to pictures: areas of which no picture is stored, now or later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time

import shapely

from roadscan.errors import RoadscanError
from roadscan.model.stored_picture import ObjectionMask
from roadscan.pipeline.results_folder import survey_shown
from roadscan.pipeline.run_record import RUN_FILE
from roadscan.publish.export import export_all
from roadscan.publish.layer_frames import load_results
from roadscan.read.objection_areas import read_objections
from roadscan.store.sqlite import open_store
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts

ACTION = "objections"
"""Name of the action in the audit log."""


@dataclass(frozen=True, slots=True)
class ObjectionEffect:
    """The effect of objections."""

    areas: int
    """Total number of areas of which no picture is stored."""
    new: int
    """Areas that were not known before."""
    removed: int
    """Stored pictures that were removed."""


def object_to_pictures(
    store: Store,
    masks: Sequence[ObjectionMask],
    who: str,
    clock: Callable[[], float] = time,
) -> ObjectionEffect:
    """Store the areas, remove every stored picture that shows one, and record it in the log."""
    pictures = store.pictures
    new = pictures.put_objections(masks)
    known = pictures.objections()
    areas = shapely.union_all(shapely.from_wkb([mask.outline_wkb for mask in known]))
    removed = pictures.remove_within(areas) if known else 0
    done = ObjectionEffect(len(known), new, removed)
    if new or removed:
        subject = f"{new} new areas of {done.areas}, {removed} pictures removed"
        Accounts(store.engine, clock).record(who, ACTION, subject)
    return done


def object_in_folder(folder: Path, objections: Path) -> ObjectionEffect:
    """Apply a file of objections to a folder of results and write its layers and photos anew.

    Raises
    ------
    RoadscanError
        `file_missing` if the folder holds no results, and the errors of `read_objections` and
        `open_store`.
    """
    masks = read_objections(objections)
    survey = survey_shown(folder)
    if survey is None:
        raise RoadscanError(
            "file_missing",
            f"{folder} holds no results of roadscan run ({RUN_FILE} is missing or damaged)",
            "Name the folder that was given to roadscan run --out",
        )
    with open_store(folder) as store:
        done = object_to_pictures(store, masks, "roadscan objections")
        export_all(store, load_results(store, survey), folder)
    return done
