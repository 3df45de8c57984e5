"""nn.Modules; they know nothing of losses, optimizers or data."""
