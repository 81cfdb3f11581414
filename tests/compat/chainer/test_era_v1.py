"""What only --era v1 knows, each program in a process of its own."""

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np, chainer
import chainer.functions as F, chainer.links as L
from chainer import optimizers, FunctionSet, Variable, cuda

np.random.seed(0)
model = FunctionSet(l1=F.Linear(4, 6, wscale=4), l2=F.Linear(6, 3, bias=0.5))
model.bn = L.BatchNormalization(6, use_cudnn=False)
optimizer = optimizers.SGD(0.1)
optimizer.setup(model.collect_parameters())
optimizer.use_cleargrads()
x_data = np.random.rand(5, 4).astype(np.float32)
t_data = np.array([0, 1, 2, 1, 0], np.int32)


def forward(x, t, train=True):
    h = F.relu(model.bn(model.l1(x), test=not train), False)
    h = F.dropout(h, 0.5, train)
    return F.softmax_cross_entropy(model.l2(h), t, False)


losses = []
for _ in range(3):
    optimizer.zero_grads()
    loss = forward(Variable(x_data), Variable(t_data))
    loss.backward()
    optimizer.weight_decay(1e-4)
    optimizer.clip_grads(1.0)
    assert optimizer.compute_grads_norm() <= 1.0001
    optimizer.update()
    losses.append(float(loss.data))
x = Variable(x_data, volatile=True)
a, b = (forward(x, Variable(t_data, volatile='on'), train=False).data for _ in range(2))
print(x.volatile, bool(a == b), len(model.parameters), model.l2.b.data.round(1).tolist() != [0] * 3)
print(F.ReLU()(x).data.min() >= 0, F.max_pooling_2d(x_data[None, None], 2, 2, 0, True, False).shape)
std = L.Linear(1000, 500, wscale=4).W.data.std() / L.Linear(1000, 500).W.data.std()
print(round(float(std), 1))
"""


def run(tmp_path, *options):
    path = tmp_path / "old.py"
    path.write_text(PROGRAM)
    command = [sys.executable, "-W", "ignore", "-m", "renkei.compat.chainer", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_program_of_the_first_era(tmp_path):
    result = run(tmp_path, "--era", "v1")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["True True 6 True", "True (1, 1, 3, 2)", "2.0"]


def test_later_eras_refuse_it(tmp_path):
    result = run(tmp_path)
    assert result.returncode == 1 and "FunctionSet" in result.stderr


@pytest.mark.parametrize("era", ["v2", ""])
def test_no_other_era(tmp_path, era):
    result = run(tmp_path, "--era", era)
    assert result.returncode == 1 and "run-chainer --era" in result.stderr
