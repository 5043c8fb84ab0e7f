"""Random streams: reproducible, independent of each other, and named."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optlab as ol
from optlab.core.rng import ROLES

from .specimens import Bowl, Noisy, RandomStart


def draws(streams, n=4):
    return {role: getattr(streams, role).random(n) for role in ROLES}


def same(a, b):
    return all((a[role] == b[role]).all() for role in ROLES)


@given(st.integers(0, 2**70))
def test_the_same_seed_gives_the_same_streams(seed):
    assert same(draws(ol.rng.streams(seed)), draws(ol.rng.streams(np.random.SeedSequence(seed))))


def test_the_order_of_the_roles_is_a_promise():
    assert ROLES == ("data", "init", "solver", "environment")
    streams = ol.rng.streams(5)
    for i, role in enumerate(ROLES):
        child = np.random.SeedSequence(5, spawn_key=(i,))
        assert getattr(streams, role).random() == np.random.default_rng(child).random()
    with pytest.raises(dataclasses.FrozenInstanceError):
        streams.data = None


def test_roles_seeds_and_children_are_all_different():
    firsts = [
        getattr(ol.rng.streams(seed), role).random()
        for seed in [0, 1, *ol.rng.spawn(0, 3), *ol.rng.spawn(1, 3), *ol.rng.spawn(ol.rng.spawn(0, 1)[0], 2)]
        for role in ROLES
    ]
    assert len(set(firsts)) == len(firsts)


def test_streams_are_uncorrelated():
    n = 4000
    columns = list(draws(ol.rng.streams(0), n).values()) + list(
        draws(ol.rng.streams(ol.rng.spawn(0, 1)[0]), n).values()
    )
    for a, b in itertools.combinations(columns, 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 6 / np.sqrt(n)


def test_drawing_from_one_stream_leaves_the_others_alone():
    disturbed = ol.rng.streams(3)
    disturbed.solver.random(1000)
    quiet = ol.rng.streams(3)
    assert (disturbed.environment.random(5) == quiet.environment.random(5)).all()
    assert (disturbed.data.random(5) == quiet.data.random(5)).all()


def test_a_seed_sequence_is_not_used_up():
    root = np.random.SeedSequence(9)
    assert same(draws(ol.rng.streams(root)), draws(ol.rng.streams(root)))
    assert [s.spawn_key for s in ol.rng.spawn(root, 2)] == [s.spawn_key for s in ol.rng.spawn(root, 2)] == [(4,), (5,)]
    assert root.n_children_spawned == 0
    child = np.random.SeedSequence(9, spawn_key=(7,))
    assert [s.spawn_key for s in ol.rng.spawn(child, 2)] == [(7, 4), (7, 5)]
    assert ol.rng.streams(child).seed is child
    assert not same(draws(ol.rng.streams(child)), draws(ol.rng.streams(root)))


def test_a_generator_stands_for_the_next_stream():
    generator = np.random.default_rng(0)
    one, two = draws(ol.rng.streams(generator)), draws(ol.rng.streams(generator))
    assert not same(one, two)
    generator = np.random.default_rng(0)
    assert same(one, draws(ol.rng.streams(generator)))
    before = generator.bit_generator.state
    ol.rng.spawn(generator, 3)
    assert generator.bit_generator.state != before


def test_none_draws_fresh_entropy_and_keeps_it():
    one, two = ol.rng.streams(), ol.rng.streams(None)
    assert one.seed.entropy != two.seed.entropy
    assert same(draws(one), draws(ol.rng.streams(one.seed)))


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        (-1, ValueError, "rng must be a non-negative seed, got -1"),
        (np.int64(-3), ValueError, "rng must be a non-negative seed"),
        (1.0, TypeError, "rng must be None, an int seed, a SeedSequence or a numpy Generator, got float"),
        (True, TypeError, "got bool"),
        ("seed", TypeError, "got str"),
        (np.random.RandomState(0), TypeError, "got RandomState"),
    ],
)
def test_bad_seeds(bad, error, text):
    with pytest.raises(error, match=text):
        ol.rng.streams(bad)
    with pytest.raises(error, match=text):
        ol.rng.spawn(bad, 2)


def test_spawn():
    assert ol.rng.spawn(0, 0) == [] and len(ol.rng.spawn(np.int64(0), 3)) == 3
    with pytest.raises(ValueError, match="n must be at least 0, got -1"):
        ol.rng.spawn(0, -1)
    prefix = [s.generate_state(2).tolist() for s in ol.rng.spawn(4, 2)]
    assert prefix == [s.generate_state(2).tolist() for s in ol.rng.spawn(4, 5)][:2]


def test_runs_with_one_seed_agree_and_the_noise_does_not_depend_on_the_solver():
    one, two, three = (Noisy().run(RandomStart(), max_iter=9, rng=seed) for seed in (0, 0, 1))
    assert (one.x == two.x).all() and (one.x != three.x).any()
    again = Noisy().run(RandomStart(), max_iter=9, rng=one.seed)
    assert (again.x == one.x).all()
    unseeded = Noisy().run(RandomStart(), max_iter=9)
    assert (Noisy().run(RandomStart(), max_iter=9, rng=unseeded.seed).x == unseeded.x).all()
    starts = [RandomStart().start(ol.rng.streams(0).init), one.history["distance"][0]]
    assert starts[1] == np.sqrt(((starts[0] - Bowl().center) ** 2).sum())


def test_global_random_state_is_untouched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    Noisy().run(RandomStart(), max_iter=5)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_generators_open_onto_the_whole_range_of_seeds():
    seeds = [ol.rng.streams(np.random.default_rng(i)).seed.entropy for i in range(200)]
    assert len(set(seeds)) == 200 and 2**50 < max(seeds) < 2**63
