"""Networks that follow trees and a stack for many trees, in the way of the sentiment examples."""

import collections
import json
import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import reporter, training
from chainer.training import extensions

N_LABEL, N_UNITS, N_VOCAB = 3, 4, 7


def make_tree(rng, depth):
    if depth == 0 or rng.rand() < 0.3:
        word = int(rng.randint(N_VOCAB))
        return {"label": word % N_LABEL, "node": np.array([word], np.int32)}
    left, right = make_tree(rng, depth - 1), make_tree(rng, depth - 1)
    return {"label": max(left["label"], right["label"]), "node": (left, right)}


class RecursiveNet(chainer.Chain):
    """Follows each tree by calls of itself."""

    def __init__(self, n_vocab, n_units, n_label):
        super().__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units)
            self.l = L.Linear(n_units * 2, n_units)
            self.w = L.Linear(n_units, n_label)

    def leaf(self, x):
        return self.embed(x)

    def node(self, left, right):
        return F.tanh(self.l(F.concat((left, right))))

    def label(self, v):
        return self.w(v)

    def traverse(self, node, evaluate):
        if isinstance(node["node"], tuple):
            left_loss, left = self.traverse(node["node"][0], evaluate)
            right_loss, right = self.traverse(node["node"][1], evaluate)
            v = self.node(left, right)
            loss = left_loss + right_loss
        else:
            v = self.leaf(node["node"])
            loss = 0
        y = self.label(v)
        t = self.xp.array([node["label"]], np.int32)
        loss += F.softmax_cross_entropy(y, t)
        predict = y.array.argmax(1)
        evaluate["correct_node"] += int((predict == t).sum())
        evaluate["total_node"] += 1
        return loss, v

    def forward(self, *trees):
        evaluate = collections.defaultdict(int)
        loss = sum(self.traverse(tree, evaluate)[0] for tree in trees) / len(trees)
        reporter.report(dict(evaluate, loss=loss), self)
        return loss


class TreeLSTMNet(RecursiveNet):
    """The same walk with a TreeLSTM, by name of its variant."""

    def __init__(self, n_vocab, n_units, n_label, kind):
        super(RecursiveNet, self).__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_vocab, n_units)
            if kind == "sum":
                self.l = L.ChildSumTreeLSTM(n_units, n_units)
            else:
                self.l = L.NaryTreeLSTM(n_units, n_units, n_ary=2)
            self.w = L.Linear(n_units, n_label)

    def leaf(self, x):
        x = self.embed(x)
        xp = chainer.backends.cuda.get_array_module(x)
        zero = xp.zeros((1, N_UNITS), np.float32)
        return self.l(zero, zero, zero, zero, x)

    def node(self, left, right):
        return self.l(left[0], right[0], left[1], right[1], None)

    def label(self, v):
        return self.w(v[1])


def linearize(root):
    """Words, labels and children of a tree, children before parents."""
    words, word_labels, children, labels = [], [], [], []

    def leaves(node):
        if isinstance(node["node"], tuple):
            for child in node["node"]:
                leaves(child)
        else:
            node["id"] = len(words)
            words.append(int(node["node"][0]))
            word_labels.append(node["label"])

    def inner(node):
        if isinstance(node["node"], tuple):
            left, right = (inner(child) for child in node["node"])
            children.append((left, right))
            labels.append(node["label"])
            return len(words) + len(children) - 1
        return node["id"]

    leaves(root)
    inner(root)
    return {
        "words": np.array(words, "i"),
        "children": np.array(children, "i").reshape(-1, 2),
        "labels": np.array(word_labels + labels, "i"),
    }


class ThinStackSet(chainer.Function):
    """Writes a row into each stack, in place."""

    def forward(self, inputs):
        stack, indices, values = inputs
        stack[np.arange(len(indices)), indices] = values
        self.retain_inputs((1,))
        return (stack,)

    def backward(self, inputs, grad_outputs):
        _, indices, _ = inputs
        (g,) = grad_outputs
        rows = np.arange(len(indices))
        g_values = g[rows, indices].copy()
        g[rows, indices] = 0
        return g, None, g_values


class ThinStackGet(chainer.FunctionNode):
    """Reads a row of each stack, and hands the stack on."""

    def forward(self, inputs):
        stack, indices = inputs
        self.retain_inputs((1,))
        return stack[np.arange(len(indices)), indices], stack

    def backward(self, indexes, grad_outputs):
        g_rows, g_stack = grad_outputs
        (indices,) = self.get_retained_inputs()
        rows = np.arange(len(indices.array))
        return F.scatter_add(g_stack, (rows, indices.array), g_rows), None


def thin_stack_get(stack, indices):
    return ThinStackGet().apply((stack, indices))


def thin_stack_set(stack, indices, values):
    return ThinStackSet()(stack, indices, values)


class ThinStackNet(chainer.Chain):
    """All trees of a batch at once, on a thin stack."""

    def __init__(self, n_vocab, n_units, n_label):
        super().__init__(
            embed=L.EmbedID(n_vocab, n_units),
            l=L.Linear(n_units * 2, n_units),
            w=L.Linear(n_units, n_label),
        )
        self.n_units = n_units

    def forward(self, words, children, labels):
        batch = len(words)
        maxlen = max(len(label) for label in labels)
        stack = self.xp.zeros((batch, maxlen, self.n_units), "f")
        for i, word in enumerate(words):  # leaves are known before the walk
            zeros = self.xp.zeros((maxlen - len(word), self.n_units), "f")
            row = F.concat((self.embed(word), zeros), axis=0)
            whole = F.expand_dims(row, 0)
            stack = whole if i == 0 else F.vstack((stack, whole))
        order = np.argsort([-len(child) for child in children], kind="stable")
        stack = F.permutate(stack, order.astype("i"), axis=0)
        children = [children[i] for i in order]
        offsets = [len(words[i]) for i in order]
        for step, pair in enumerate(F.transpose_sequence(children)):
            n = len(pair)
            active, rest = F.split_axis(stack, [n], axis=0) if n < batch else (stack, None)
            left, active = thin_stack_get(active, pair[:, 0])
            right, active = thin_stack_get(active, pair[:, 1])
            v = F.tanh(self.l(F.concat((left, right))))
            where = self.xp.array([offset + step for offset in offsets[:n]], "i")
            active = thin_stack_set(active, where, v)
            stack = active if rest is None else F.concat((active, rest), axis=0)
        label = F.pad_sequence([labels[i] for i in order], padding=-1)
        y = self.w(F.reshape(stack, (-1, self.n_units)))
        t = F.flatten(label)
        loss = F.softmax_cross_entropy(y, t, ignore_label=-1)
        chainer.report({"loss": loss, "accuracy": F.accuracy(y, t, ignore_label=-1)}, self)
        return loss


def convert_trees(batch, device):
    return tuple(batch)


def convert_stack(batch, device):
    return {key: [item[key] for item in batch] for key in ("words", "children", "labels")}


def trainer(out, resume=None, kind="ary"):
    rng = np.random.RandomState(18)
    trees = [make_tree(rng, 3) for _ in range(14)]
    if kind == "stack":
        model = ThinStackNet(N_VOCAB, N_UNITS, N_LABEL)
        trees, convert = [linearize(tree) for tree in trees], convert_stack
    elif kind == "concat":
        model, convert = RecursiveNet(N_VOCAB, N_UNITS, N_LABEL), convert_trees
    else:
        model, convert = TreeLSTMNet(N_VOCAB, N_UNITS, N_LABEL, kind), convert_trees
    optimizer = chainer.optimizers.AdaGrad(lr=0.1)
    optimizer.setup(model)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.0001))
    updater = training.updaters.StandardUpdater(
        chainer.iterators.SerialIterator(trees[:10], 3), optimizer, converter=convert
    )
    result = training.Trainer(updater, (2, "epoch"), out)
    test_iter = chainer.iterators.SerialIterator(trees[10:], 4, repeat=False, shuffle=False)
    result.extend(extensions.Evaluator(test_iter, model, converter=convert))
    result.extend(extensions.LogReport(log_name=f"log_{kind}"))
    if kind != "stack":
        result.extend(
            extensions.MicroAverage("main/correct_node", "main/total_node", "main/node_accuracy")
        )
    result.extend(extensions.snapshot(), trigger=(3, "iteration"))
    if resume:
        chainer.serializers.load_npz(resume, result)
    return result


def run(out):
    found = {}
    for kind in ("concat", "sum", "ary", "stack"):
        np.random.seed(17)
        done = trainer(os.path.join(out, kind), kind=kind)
        done.run()
        for path, param in done.updater.get_optimizer("main").target.namedparams():
            found[kind + path] = param.array
        with open(os.path.join(out, kind, f"log_{kind}")) as file:
            log = json.load(file)
        found[kind] = np.array([[e["main/loss"], e["validation/main/loss"]] for e in log])
    return found
