"""The loss leaves out what is not labelled; needs torch, which the base tier has not."""

import pytest

torch = pytest.importorskip("torch", reason="training needs torch (extra train)")

from training.unlabelled import LabelledLoss, everywhere, labelled_weights  # noqa: E402

POINTS = torch.tensor([[10.0, 10.0], [90.0, 10.0], [10.0, 90.0]])
WITHOUT = [torch.tensor([True, False, True]), torch.tensor([False, True, False])]


def test_an_anchor_inside_a_region_has_no_loss_of_its_classes() -> None:
    regions = torch.tensor([[1, 0, 0.25, 0.25, 0.5, 0.5], [1, 1, 0.75, 0.25, 0.5, 0.5]])
    weights = labelled_weights(POINTS, (100, 100), regions, WITHOUT, pictures=2, classes=3)
    assert weights[0].min() == 1
    assert weights[1].tolist() == [[0, 1, 0], [1, 0, 1], [1, 1, 1]]


def test_without_regions_everything_counts() -> None:
    weights = labelled_weights(POINTS, (100, 100), torch.zeros(0, 6), WITHOUT, 2, 3)
    assert weights.min() == 1


def test_tiles_cover_the_whole_picture() -> None:
    tiles = [[0, 0, *box] for _, box in everywhere(frozenset({"Repair"}))]
    weights = labelled_weights(POINTS, (100, 100), torch.tensor(tiles), WITHOUT, 1, 3)
    assert weights[0].tolist() == [[0, 1, 0]] * 3
    assert everywhere(frozenset()) == []


def test_what_is_drawn_counts_even_where_nothing_is_claimed() -> None:
    loss = LabelledLoss.__new__(LabelledLoss)
    loss.labelled = torch.zeros(1, 2, 3)
    targets = torch.zeros(1, 2, 3)
    targets[0, 0, 1] = 0.8
    found = loss.claimed(torch.zeros(1, 2, 3), targets)
    assert found[0, 0, 1] > 0
    assert found.count_nonzero() == 1
