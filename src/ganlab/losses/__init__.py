"""Adversarial losses: pure functions of the discriminator's logits."""
