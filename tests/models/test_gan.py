"""Algorithm 1: who moves when, on what."""

import pytest
import torch

from ganlab.data.source import Chunk
from ganlab.losses.minimax import Minimax
from tests.conftest import parts


def watched(*overrides: str):
    """A model whose updates are recorded: (model, data, trainer, list of (player, weights that moved))."""
    model, data, trainer = parts("steps=4", *overrides)
    trainer.callbacks.clear()
    moves = []
    update = model.update

    def recorded(player, terms_of, real):
        before = {n: w.clone() for n, w in model.named_parameters()}
        terms = update(player, terms_of, real)
        moved = {n.split(".")[0] for n, w in model.named_parameters() if not torch.equal(before[n], w)}
        moves.append((player, moved))
        return terms

    model.update = recorded
    trainer.fit(model, data)
    return model, moves


@pytest.mark.parametrize("k", [1, 3])
def test_k_discriminator_updates_per_generator_update_and_only_the_player_moves(k):
    model, moves = watched(f"model.k={k}")
    iteration = [("discriminator", {"discriminator"})] * k + [("generator", {"generator"})]
    assert moves == iteration * 4
    assert model.iteration == 4


def test_generator_at_rest_when_its_learning_rate_is_zero():
    _, moves = watched("model.optimizer.generator.lr=0")
    assert moves == [("discriminator", {"discriminator"}), ("generator", set())] * 4


def test_every_update_sees_fresh_images_and_noise():
    model, data, trainer = parts("steps=2", "model.k=3")
    trainer.callbacks.clear()
    latents, reals = [], []
    latent, terms = model.latent, model.discriminator_terms
    model.latent = lambda count: latents.append(latent(count)) or latents[-1]
    model.discriminator_terms = lambda real: reals.append(real.images) or terms(real)
    trainer.fit(model, data)
    assert len(latents) == 2 * (3 + 1)
    assert len({tuple(noise.flatten().tolist()) for noise in latents}) == 8
    assert len({tuple(image.flatten().tolist()) for batch in reals for image in batch}) == 2 * 3 * 16


def test_frozen_weights_get_no_gradient():
    model, data, _ = parts()
    data.setup("fit")
    model.configure_optimizers()
    real = next(data.source.minibatches(0))
    model.update("generator", model.generator_terms, real)
    assert all(w.grad is None for w in model.discriminator.parameters())
    assert all(w.grad is not None for w in model.generator.parameters())


@pytest.mark.parametrize("loss", ["minimax", "logistic"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_players_descend_their_losses(loss, optimizer):
    """With the other player at rest, each one's loss falls on fixed data and noise."""
    for player in ("discriminator", "generator"):
        model, data, _ = parts(f"loss={loss}", f"model/optimizer={optimizer}")
        data.setup("fit")
        model.configure_optimizers()
        real, noise = next(data.source.minibatches(0)), model.latent(16)
        model.latent = lambda count, noise=noise: noise
        terms_of = getattr(model, f"{player}_terms")
        losses = [sum(model.update(player, terms_of, real).values()).item() for _ in range(20)]
        assert losses[-1] < losses[0]


def test_diagnostics():
    model, _, _ = parts()
    model.logits = {"real": torch.tensor([0.0, 4.0, -1.0]), "fake": torch.tensor([-2.0, -3.0, 5.0])}
    model.logits["generator"] = torch.tensor([-4.0, -4.0])
    seen = {name: value.item() for name, value in model.diagnostics().items()}
    assert seen["gradient_generator"] == pytest.approx(0.982014, abs=1e-5)  # logistic: 1 − D(G(z))
    model.loss = Minimax()
    assert model.diagnostics()["gradient_generator"].item() == pytest.approx(0.017986, abs=1e-5)  # minimax: D(G(z))
    assert seen["d_real"] == pytest.approx((0.5 + 0.982014 + 0.268941) / 3, abs=1e-5)
    assert seen["accuracy_real"] == pytest.approx(1 / 3)
    assert seen["accuracy_fake"] == pytest.approx(2 / 3)


def test_sampling_leaves_mode_and_random_numbers_alone():
    model, _, _ = parts()
    noise = model.latent(3, torch.Generator().manual_seed(0))
    state = torch.get_rng_state()
    model.train()
    assert model.sample(noise, torch.empty(0), "raw").shape == (3, 1, 28, 28)
    assert model.generator.training
    assert torch.equal(state, torch.get_rng_state())


def test_stop_request_ends_after_the_iteration_at_hand():
    model, data, trainer = parts()
    trainer.callbacks.clear()
    trainer.fit(model, data)
    model.stop_requested, model.iteration = True, 0
    history = model.training_step(Chunk(data.source, range(5)))
    assert model.iteration == len(history["terms"]) == 1


def test_golden_curve():
    """Thirty iterations on the CPU, as they were when the training rule was last known to be right."""
    model, data, trainer = parts("steps=30", "model.k=2", "loss=minimax")
    trainer.callbacks.clear()
    curve = []
    step = model.training_step
    model.training_step = lambda chunk: curve.extend((out := step(chunk))["terms"]) or out
    trainer.fit(model, data)
    discriminator = [round(terms["loss_discriminator"].item(), 3) for terms in curve[::6]]
    generator = [round(terms["loss_generator"].item(), 3) for terms in curve[::6]]
    assert discriminator == pytest.approx(GOLDEN["discriminator"], abs=2e-3)
    assert generator == pytest.approx(GOLDEN["generator"], abs=2e-3)


GOLDEN = {"discriminator": [1.323, 0.89, 0.889, 1.013, 1.115], "generator": [-0.709, -0.769, -0.778, -0.79, -0.8]}
