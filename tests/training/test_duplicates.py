"""Pictures of one place are found, and only those."""

from training.duplicates import look, pairs, same_place, scenes


def test_a_place_is_known_again_from_elsewhere(place) -> None:
    assert same_place(look(place.seen(1)), look(place.seen_again(1)))


def test_two_places_are_two(place) -> None:
    assert not same_place(look(place.seen(1)), look(place.seen(2)))


def test_a_copy_is_the_same_picture(place) -> None:
    assert same_place(look(place.seen(3)), look(place.seen(3)))


def test_only_pairs_across_splits_are_asked_for(place) -> None:
    looks = [look(place.seen(1)), look(place.seen_again(1)), look(place.seen(2))]
    assert list(pairs(looks)) == [(0, 1)]
    assert list(pairs(looks, ["train", "train", "test"])) == []
    assert list(pairs(looks, ["train", "test", "test"])) == [(0, 1)]


def test_pictures_joined_over_a_third_are_one_scene(place) -> None:
    looks = [look(place.seen(5)), look(place.seen(6)), look(place.seen_again(5))]
    looks.append(look(place.seen_again(6)))
    assert scenes(looks) == [0, 1, 0, 1]


def test_one_picture_alone_is_a_scene(place) -> None:
    assert scenes([look(place.seen(1))]) == [0]
    assert scenes([]) == []
