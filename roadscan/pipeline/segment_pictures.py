"""Select the stored pictures that show the road of a segment, with or without damage."""

from dataclasses import dataclass

from roadscan.assess.segmentation import link_length_m
from roadscan.locate.camera_projection import near_field
from roadscan.model.road import Direction, Link, Segment
from roadscan.model.stored_picture import LanePicture
from roadscan.store.store import Store


@dataclass(frozen=True, slots=True)
class PictureAlong:
    """A picture and the part of its link that it shows, as offsets in digitised direction."""

    picture: LanePicture
    from_m: float
    to_m: float


def pictures_along(store: Store, survey: str, segment: Segment) -> tuple[PictureAlong, ...]:
    """Return the pictures that show part of a segment, in the direction of travel."""
    network = store.network_part(store.survey(survey).network_sha256, {segment.link_id})
    (link,) = network.links
    taken = store.pictures.on_lane(survey, segment.link_id, segment.direction)
    along = (_along(picture, link, segment.direction) for picture in taken)
    shown = (one for one in along if one.from_m < segment.to_m and one.to_m > segment.from_m)
    return tuple(sorted(shown, key=lambda one: segment.direction.sign * (one.from_m + one.to_m)))


def _along(picture: LanePicture, link: Link, direction: Direction) -> PictureAlong:
    """Return what a picture shows: from its nearest row as far as this camera places boxes."""
    field = near_field(picture.camera, picture.frame_width, picture.frame_height, link.lane_width_m)
    depth_m = 0.0 if field is None else field.far_m - field.near_m
    if direction is Direction.FORWARD:
        end_m = max(picture.to_row, picture.from_row + depth_m)
        return PictureAlong(picture, picture.from_row, min(end_m, link_length_m(link)))
    end_m = min(picture.from_row, picture.to_row - depth_m)
    return PictureAlong(picture, max(0.0, end_m), min(picture.to_row, link_length_m(link)))
