"""Train a model: compose the configuration, build data, model, callbacks, loggers and trainer, fit.

Everything that a run leaves behind, result.json included, is written by its callbacks; see conf/callbacks.
"""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ganlab.config import application, composed_texts, resolve, run


@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="train")
@application
def train(cfg: DictConfig) -> None:
    # Imported only when something is trained, so that --help and --cfg answer at once.
    from hydra.utils import instantiate
    from lightning import seed_everything

    from ganlab.devices import check_devices
    from ganlab.run import Run

    with Run(Path(HydraConfig.get().runtime.output_dir)) as directory:
        config = resolve(cfg)
        if over := directory.examine(config, cfg.resume):
            print(over)
            return

        check_devices(cfg.trainer.accelerator, cfg.trainer.devices, cfg.trainer.precision)
        seed_everything(cfg.seed, verbose=False)
        data = instantiate(cfg.data)
        data.prepare_data()
        data.setup("fit")
        model = instantiate(cfg.model)
        callbacks = [instantiate(callback) for callback in cfg.callbacks.values()]
        loggers = [instantiate(logger) for logger in (cfg.logger or {}).values()]
        trainer = instantiate(cfg.trainer, callbacks=callbacks, logger=loggers)

        directory.begin(config, composed_texts(cfg))
        for logger in loggers:
            logger.log_hyperparams(config)
        trainer.fit(model, data, ckpt_path=directory.checkpoint, weights_only=True)
        print(f"Done: {directory.path}")


if __name__ == "__main__":
    run(train)
