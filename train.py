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

    from ganlab import distributed
    from ganlab.callbacks.checkpoint import seed_random
    from ganlab.callbacks.evaluation import Evaluate
    from ganlab.devices import local_processes
    from ganlab.run import Run

    with Run(Path(HydraConfig.get().runtime.output_dir), owner=distributed.is_first()) as directory:
        config = resolve(cfg)
        distributed.check_start(HydraConfig.get())
        if over := directory.examine(config, cfg.resume):
            print(over)
            return

        processes = local_processes(cfg.trainer, cfg.data.batch_size)
        seed_random(cfg.seed)
        data = instantiate(cfg.data)
        if distributed.is_first():
            data.prepare_data()
            data.setup("fit")
        model = instantiate(cfg.model)
        callbacks = [instantiate(callback) for callback in cfg.callbacks.values() if callback]
        for callback in callbacks:
            if isinstance(callback, Evaluate):
                callback.prepare(model, data)
        loggers = [instantiate(logger) for logger in (cfg.logger or {}).values()]
        several = {"strategy": distributed.SharedMinibatch()} if distributed.is_launched() else {"devices": 1}
        trainer = instantiate(cfg.trainer, callbacks=callbacks, logger=loggers, **several)

        directory.begin(config, composed_texts(cfg))
        if processes > 1 and not distributed.is_launched():
            distributed.launch(__file__, HydraConfig.get().overrides, processes, directory.path)
        else:
            for logger in loggers:
                logger.log_hyperparams(config)
            trainer.fit(model, data, ckpt_path=directory.checkpoint, weights_only=True)
        if distributed.is_first():
            print(f"Done: {directory.path}")


if __name__ == "__main__":
    run(train)
