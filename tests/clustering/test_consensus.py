import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from lib.clustering.consensus import coassociation, consensus
from lib.errors import UserError


def noisy(truth, share, rng, k=4):
    """The partition with some tracks moved anywhere, and its clusters renamed."""
    moved = rng.random(len(truth)) < share
    labels = np.where(moved, rng.integers(k, size=len(truth)), truth)
    return rng.permutation(k)[labels]


def test_coassociation_is_a_count_by_hand():
    share = coassociation([np.array([0, 0, 1, -1]), np.array([5, 3, 3, 3])])
    expected = [[1, 0.5, 0, 0], [0.5, 1, 0.5, 0.5], [0, 0.5, 1, 0.5], [0, 0.5, 0.5, 1]]
    np.testing.assert_array_equal(share, expected)


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 6))
def test_the_consensus_of_copies_is_the_partition(seed, k):
    labels = np.random.default_rng(seed).integers(k, size=30)
    found = consensus([labels, (labels + 1) % k], len(np.unique(labels)))
    assert adjusted_rand_score(labels, found) == 1


def test_the_consensus_is_nearer_the_truth_than_its_members():
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=200)
    members = [noisy(truth, 0.4, rng) for _ in range(15)]
    alone = [adjusted_rand_score(truth, member) for member in members]
    assert adjusted_rand_score(truth, consensus(members, 4)) > max(alone) + 0.2


@pytest.mark.parametrize("partitions", [[], [np.zeros(3, int), np.zeros(4, int)]])
def test_partitions_of_other_tracks_are_refused(partitions):
    with pytest.raises(UserError, match="same tracks"):
        coassociation(partitions)


def test_more_clusters_than_tracks_are_refused():
    with pytest.raises(UserError, match="3 tracks cannot make 4 clusters"):
        consensus([np.arange(3)], 4)
