"""The demo's search: Optuna chooses networks by what the ones before have reached. Loaded only where Optuna is installed."""

from collections.abc import Callable, Iterator

import optuna

LIBRARY = f"Optuna {optuna.__version__}"
EPOCHS = 20


def search(judge: Callable[[dict[str, int | float]], float], trials: int, seed: int) -> Iterator[float]:
    """Try networks one after the other; yield the best score so far after each.

    Args:
        judge: trains a network with these params, and returns its score; higher is better.
        trials: how many to try.
        seed: of the choice.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for _ in range(trials):
        trial = study.ask()
        params: dict[str, int | float] = {
            "hidden_units": trial.suggest_int("hidden_units", 8, 128, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
            "epochs": EPOCHS,
        }
        study.tell(trial, judge(params))
        yield study.best_value
