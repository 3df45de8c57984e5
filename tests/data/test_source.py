import pytest
import torch

from ganlab.data.source import Chunks, Source
from ganlab.errors import UserError
from ganlab.schedule import Schedule


def source(size=10, minibatch_size=4, k=1, seed=0, **shard) -> Source:
    images = torch.arange(size, dtype=torch.uint8).view(size, 1, 1, 1)
    return Source(images, torch.arange(size), minibatch_size, k, seed, **shard)


def stream(source: Source, iterations: int) -> list[int]:
    return torch.cat([source.indices(i).flatten() for i in range(iterations)]).tolist()


@pytest.mark.parametrize("k", [1, 3])
def test_no_sample_is_dropped(k):
    """The stream is a chain of permutations, although 4 does not divide 10."""
    seen = stream(source(k=k), iterations=10)
    assert [sorted(seen[i : i + 10]) for i in range(0, 40 * k, 10)] == [list(range(10))] * 4 * k
    assert seen[:10] != seen[10:20]


def test_shards_cover_the_data_without_overlap():
    whole = source(minibatch_size=6, k=2)
    shards = [source(minibatch_size=6, k=2, rank=rank, world_size=3) for rank in range(3)]
    for iteration in range(5):
        joined = torch.cat([shard.indices(iteration) for shard in shards], dim=1)
        assert torch.equal(joined, whole.indices(iteration))


def test_position_is_the_iteration_alone():
    used = source()
    stream(used, 7)
    assert torch.equal(used.indices(3), source().indices(3))


def test_seed_decides_the_order():
    assert stream(source(seed=1), 5) == stream(source(seed=1), 5) != stream(source(seed=2), 5)


def test_minibatches_are_floats_in_range_with_their_labels():
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    whole = Source(images, torch.tensor([0, 1, 2]), 3, 1, 0)
    (batch,) = whole.minibatches(0)
    value = {label: image.item() for image, label in zip(batch.images, batch.labels.tolist(), strict=True)}
    assert value == pytest.approx({0: -1.0, 1: -0.6, 2: 1.0}, abs=1e-6)
    assert images.max() == 255  # the data itself is untouched


@pytest.mark.parametrize("size", [0, 11])
def test_minibatch_larger_than_the_data(size):
    with pytest.raises(UserError, match="10 images"):
        source(minibatch_size=size)


def test_minibatch_that_does_not_divide():
    with pytest.raises(UserError, match="multiple of 3"):
        source(minibatch_size=4, world_size=3)


@pytest.mark.parametrize("start", [0, 13])
def test_chunks_are_all_iterations_cut_at_the_schedule(start):
    schedule = Schedule(steps=50, log=7, eval=20, checkpoint=15, milestones=[17])
    seen = []
    for chunk in Chunks(source(), schedule, start):
        assert not any(schedule.next(i) < chunk.iterations.stop for i in chunk.iterations)
        seen += chunk.iterations
        assert len(list(chunk)) == len(chunk.iterations)
    assert seen == list(range(start, 50))
