"""LightningDataModules and the batch source they share."""
