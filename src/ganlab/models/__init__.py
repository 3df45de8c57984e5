"""LightningModules: the training rules."""
