"""What happens around the training rule: logs, pictures, checkpoints, progress. Nothing here changes the weights."""
