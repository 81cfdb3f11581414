"""Writes expected.json. Run it with a Python that has Chainer 7.8.1: python make_expected.py"""

import json
import os
import warnings

P = [[0.5, -1.0, 2.0], [0.0, 0.25, -3.0]]
GRADS = [
    [[0.1, -0.2, 0.3], [0.0, 2.0, -1.0]],
    [[-0.3, -0.1, 0.2], [0.0, 1.0, 4.0]],
    [[0.2, 0.0, -0.5], [0.0, -1.5, 0.01]],
]
RULES = [
    ("SGD", {}),
    ("MomentumSGD", {}),
    ("NesterovAG", {}),
    ("CorrectedMomentumSGD", {}),
    ("AdaGrad", {}),
    ("AdaDelta", {}),
    ("Adam", {}),
    ("Adam", {"eta": 0.5, "weight_decay_rate": 0.1}),
    ("Adam", {"amsgrad": True, "adabound": True, "alpha": 0.01}),
    ("AdamW", {"weight_decay_rate": 0.01}),
    ("AMSGrad", {"alpha": 0.01}),
    ("AdaBound", {"alpha": 0.01, "gamma": 0.1}),
    ("AMSBound", {"alpha": 0.01, "gamma": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"eps": 0.01, "eps_inside_sqrt": True}),
    ("RMSpropGraves", {}),
    ("SMORMS3", {}),
    ("MSVAG", {}),
    ("MSVAG", {"eta": 0.5, "weight_decay_rate": 0.1}),
]
HOOKS = [
    ("WeightDecay", [0.1]),
    ("Lasso", [0.1]),
    ("GradientClipping", [0.5]),
    ("GradientHardClipping", [-0.2, 0.25]),
    ("GradientLARS", [0.01, 0.1]),
]


def main():
    import chainer
    import numpy as np

    def run(name, settings, hook=None, dtype="f", change=None, fp32=False):
        link = chainer.Link()
        with link.init_scope():
            link.w = chainer.Parameter(np.array(P, dtype))
        optimizer = getattr(chainer.optimizers, name)(**settings)
        if fp32:
            optimizer.use_fp32_update()
        optimizer.setup(link)
        if hook:
            optimizer.add_hook(getattr(chainer.optimizer_hooks, hook[0])(*hook[1]))
        for i, g in enumerate(GRADS):
            if change and i == 1:
                setattr(optimizer, *change)
            link.w.grad = np.array(g, dtype)
            optimizer.update()
        found = {"w": link.w.array}
        found.update(link.w.update_rule.state or {})
        return {k: [float(f"{x:.7g}") for x in a.ravel()] for k, a in found.items()}

    warnings.simplefilter("ignore")
    bound = {"alpha": 0.01, "gamma": 0.1}
    result = {
        "rules": [[n, s, run(n, s)] for n, s in RULES],
        "hooks": [[n, a, run("MomentumSGD", {"lr": 0.1}, (n, a))["w"]] for n, a in HOOKS],
        "lower alpha": run("AdaBound", bound, change=("alpha", 0.001))["w"],
        "float16": run("Adam", {"alpha": 0.1}, dtype="e")["w"],
        "fp32 update": run("MomentumSGD", {"lr": 1e-4}, dtype="e", fp32=True)["w"],
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json")
    with open(path, "w") as f:
        json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()
