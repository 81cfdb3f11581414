"""Link: registration, walking, copies, freezing, devices, hooks, messages."""

from __future__ import annotations

import copy
import pickle
import sys

import numpy as np
import pytest

import renkei as rk
from renkei import links as L
from renkei.core.errors import DtypeError, ShapeError, UninitializedError, UsageError


class Affine(rk.Link):
    def __init__(self):
        self.shift = rk.Parameter(np.zeros(2, np.float32))
        self.factor = rk.Parameter(np.full(2, 3, np.float32))
        self.count = rk.State(np.zeros((), np.int64))

    def forward(self, x):
        self.count += 1
        return x * self.factor + self.shift


class Nested(rk.Link):
    def __init__(self):
        self.blocks = [L.Linear(2, 2), (L.Linear(2, 3), [L.Linear(3, 2, nobias=True)])]
        self.extra = {"a": L.Linear(2, 1), "words": 3}
        self.bias = rk.Parameter(0.5, (2,))
        self.words = ["a"] * 10

    def forward(self, x):
        y = self.blocks[0](x)
        for layer in (self.blocks[1][0], self.blocks[1][1][0]):
            y = layer(y)
        return y + self.bias


def paths(link):
    return [path for path, _ in link.namedparams()]


# -- registration ----------------------------------------------------------------------------------


def test_needs_no_super_init():
    link = Affine()
    assert paths(link) == ["/factor", "/shift"]
    assert dict(link.namedstates()) == {"/count": 0}
    y = link(np.ones((1, 2), np.float32))
    assert y.array.tolist() == [[3, 3]]
    assert link.state()["count"] == 1


def test_walks_containers_when_asked():
    link = Nested()
    assert paths(link) == [
        "/bias",
        "/blocks/0/W",
        "/blocks/0/b",
        "/blocks/1/0/W",
        "/blocks/1/0/b",
        "/blocks/1/1/0/W",
        "/extra/a/W",
        "/extra/a/b",
    ]
    link.blocks.append(L.Linear(2, 2, nobias=True))
    assert "/blocks/2/W" in paths(link)
    assert [path for path, _ in link.namedlinks()][:3] == ["/", "/blocks/0", "/blocks/1/0"]
    assert next(path for path, _ in link.namedlinks(skipself=True)) == "/blocks/0"
    assert len(list(link.links())) == 6
    assert len(list(link.children())) == 5


def test_shared_link_counts_once():
    shared = L.Linear(2, 2)
    link = rk.Chain(b=shared, a=shared)
    assert paths(link) == ["/a/W", "/a/b"]
    assert link.count_params() == 6
    assert len(list(link.links())) == 2


def test_shared_parameter_counts_once():
    link = rk.Chain(a=L.Linear(2, 2), b=L.Linear(2, 2))
    link.b.W = link.a.W
    assert paths(link) == ["/a/W", "/a/b", "/b/b"]


def test_a_link_may_know_its_parent():
    parent, child = rk.Chain(), rk.Chain(l=L.Linear(2, 2))
    parent.child, child.parent = child, parent
    assert paths(parent) == ["/child/l/W", "/child/l/b"]
    assert sorted(parent.state()) == ["child/l/W", "child/l/b"]
    parent.load_state(parent.state())


def test_state_stays_registered_and_bare():
    link = Affine()
    assert isinstance(link.count, np.ndarray)
    link.count = np.array(7)
    assert link.state()["count"] == 7
    del link.count
    assert "count" not in link.state()


@pytest.mark.parametrize("value", [rk.Variable(np.zeros(2)), [1, 2], object()])
def test_state_wants_plain_values(value):
    with pytest.raises(DtypeError, match=r"State\(value\)"):
        rk.State(value)


def test_chainers_spelling():
    link = rk.Link(x=(2, 3))
    assert link.x.shape == (2, 3)
    assert np.isnan(link.x.array).all()
    link.add_param("y", (2,), np.float64, initializer=1)
    assert link.y.array.tolist() == [1, 1]
    assert link.y.dtype == np.float64
    link.add_param("open")
    assert not link.open.is_initialized
    link.add_persistent("n", 3)
    link.note = "text"
    link.register_persistent("note")
    assert dict(link.namedstates()) == {"/n": 3, "/note": "text"}
    link.add_link("child", L.Linear(2, 2))
    assert [path for path, _ in link.namedlinks()] == ["/", "/child"]
    with link.init_scope():
        assert link.within_init_scope
        link.z = rk.Parameter(0, (1,))
    assert not link.within_init_scope
    assert paths(link) == ["/open", "/x", "/y", "/z", "/child/W", "/child/b"]
    assert link.z.name == "z"


def test_registering_twice_is_refused():
    link = rk.Link(x=(2,))
    for call in (
        lambda: link.add_param("x", (1,)),
        lambda: link.add_persistent("x", 1),
        lambda: link.add_link("x", L.Linear(1, 1)),
        lambda: link.add_param("forward", (1,)),
    ):
        with pytest.raises(UsageError, match="attribute exists"):
            call()
    with pytest.raises(UsageError, match="no such attribute"):
        link.register_persistent("nothing")
    with pytest.raises(DtypeError, match="expected a link"):
        link.add_link("f", len)


def test_registration_inside_init_scope_only():
    class Old(rk.Link):
        _registration = "init_scope"

    class Older(Old):
        pass

    link = Older()
    link.outside = L.Linear(2, 2)
    with link.init_scope():
        link.inside = L.Linear(2, 2)
        link.p = rk.Parameter(0, (1,))
    assert paths(link) == ["/p", "/inside/W", "/inside/b"]
    twin = link.copy()
    assert twin.outside is link.outside
    assert twin.inside is not link.inside
    del link.inside
    assert paths(link) == ["/p"]


# -- counting, gradients, training -----------------------------------------------------------------


def test_count_params():
    assert Nested().count_params() == 2 + 6 + 9 + 6 + 3
    with pytest.warns(UserWarning, match="/W"):
        assert L.Linear(None, 5).count_params() == 5


def test_cleargrads_and_zerograds():
    link = Affine()
    rk.functions.sum(link(np.ones((4, 2), np.float32))).backward()
    assert link.factor.grad.tolist() == [4, 4]
    link.zerograds()
    assert link.factor.grad.tolist() == [0, 0]
    link.cleargrads()
    assert link.factor.grad is None


def test_frozen_links_get_no_gradient_and_hold_nothing():
    link = rk.Sequential(L.Linear(3, 4), L.Linear(4, 2))
    assert link[0].freeze() is link[0]
    x = np.ones((5, 3), np.float32)
    h = link[0](x)
    assert not h.requires_grad
    assert h.creator is None
    rk.functions.sum(link(x)).backward()
    assert link[0].W.grad is None
    assert link[1].W.grad is not None
    link.unfreeze()
    rk.functions.sum(link(x)).backward()
    assert link[0].W.grad is not None


def test_frozen_before_its_size_is_known():
    layer = L.Linear(None, 2)
    layer.freeze()
    layer(np.ones((1, 3), np.float32))
    assert not layer.W.requires_grad


def test_disable_update():
    class Rule:
        enabled = True

    link = rk.Chain(a=L.Linear(2, 2), b=L.Linear(2, 2))
    link.disable_update()  # no optimizer yet: nothing to do
    assert not link.update_enabled
    for param in link.params():
        param.update_rule = Rule()
    link.a.disable_update()
    assert (link.a.update_enabled, link.b.update_enabled, link.update_enabled) == (
        False,
        True,
        True,
    )
    link.a.enable_update()
    assert link.a.update_enabled


# -- copies ----------------------------------------------------------------------------------------


def test_copy_shares_arrays_but_not_gradients():
    link, x = Nested(), np.ones((1, 2), np.float32)
    rk.functions.sum(link(x)).backward()
    assert link.copy().bias.grad is None
    link.cleargrads()
    twin = link.copy()
    rk.functions.sum(twin(x)).backward()
    for (path, a), (path2, b) in zip(link.namedparams(), twin.namedparams()):
        assert path == path2
        assert a is not b
        assert a.array is b.array
        assert a.grad is None
    assert twin.blocks is not link.blocks
    assert twin.words is link.words


def test_copy_of_shared_links_stays_shared():
    shared = L.Linear(2, 2)
    link = rk.Chain(a=shared, b=shared)
    for mode in ("share", "copy", "init"):
        twin = link.copy(mode)
        assert twin.a is twin.b
        assert twin.a is not shared


def test_deep_copy_and_redrawn_copy():
    link = Nested()
    rk.functions.sum(link(np.ones((1, 2), np.float32))).backward()
    twin, fresh = link.copy("copy"), link.copy("init")
    assert twin.blocks[0].W.array is not link.blocks[0].W.array
    assert (twin.blocks[0].W.array == link.blocks[0].W.array).all()
    assert (fresh.blocks[0].W.array != link.blocks[0].W.array).any()
    assert fresh.blocks[0].W.grad is None
    assert fresh.bias.array.tolist() == [0.5, 0.5]
    with pytest.raises(UsageError, match="mode"):
        link.copy("other")


def test_shared_copy_of_an_open_parameter():
    link = L.Linear(None, 2)
    twin = link.copy()
    link(np.ones((1, 3), np.float32))
    assert twin.W.array is link.W.array


def test_repeat():
    one = L.Linear(3, 3)
    many = one.repeat(2)
    assert isinstance(many, rk.Sequential)
    assert (many[0].W.array != many[1].W.array).any()
    same = one.repeat(2, mode="copy")
    assert (same[0].W.array == same[1].W.array).all()
    assert same[0].W.array is not same[1].W.array
    assert one.repeat(2, mode="share")[0].W.array is one.W.array


def test_copyparams():
    a, b = Affine(), Affine()
    a.factor.array[...] = 9
    a.count = np.array(5)
    own = b.factor.array
    b.copyparams(a, copy_persistent=False)
    assert b.factor.array is own
    assert own.tolist() == [9, 9]
    assert b.count == 0
    b.copyparams(a)
    assert b.count == 5
    assert b.count is not a.count


def test_copyparams_of_open_sizes():
    a, b = L.Linear(3, 2), L.Linear(None, 2)
    b.copyparams(a)
    assert (b.W.array == a.W.array).all()
    assert b.W.array is not a.W.array
    with pytest.raises(UninitializedError):
        a.copyparams(L.Linear(None, 2))


def test_copyparams_names_what_is_missing():
    with pytest.raises(UsageError, match="without /b"):
        L.Linear(2, 2).copyparams(L.Linear(2, 2, nobias=True))
    with pytest.raises(ShapeError):
        L.Linear(2, 2).copyparams(L.Linear(3, 2))


def test_addgrads():
    a, b, c = L.Linear(2, 1), L.Linear(2, 1), L.Linear(None, 1)
    for link in (a, b):
        rk.functions.sum(link(np.ones((3, 2), np.float32))).backward()
    a.addgrads(b)
    assert a.W.grad.tolist() == [[6, 6]]
    c.b.cleargrad()
    c.addgrads(b)
    assert c.W.grad.tolist() == [[3, 3]]
    b.cleargrads()
    a.addgrads(b)
    assert a.W.grad.tolist() == [[6, 6]]


def test_pickle_and_deepcopy():
    link = Nested()
    for twin in (pickle.loads(pickle.dumps(link)), copy.deepcopy(link)):
        assert paths(twin) == paths(link)
        assert (twin.blocks[0].W.array == link.blocks[0].W.array).all()


# -- devices ---------------------------------------------------------------------------------------


def test_devices():
    link = Nested()
    assert link.to_device("@numpy") is link
    assert link.to_cpu() is link
    assert link.xp is np
    assert str(link.device) == "@numpy"
    assert str(rk.Link().device) == "@numpy"


def test_to_device_moves_parameters_and_states():
    class Away:
        """Stands for another device: sends copies."""

        def __init__(self):
            self.sent = []

        def send(self, array):
            self.sent.append(array)
            return array.copy()

    link, away = Affine(), Away()
    link._move(away)
    assert [a.shape for a in away.sent] == [()]
    assert link.count is not away.sent[0]


# -- calling ---------------------------------------------------------------------------------------


class Seen(rk.LinkHook):
    def __init__(self):
        self.log = []

    def forward_preprocess(self, args):
        assert not hasattr(args, "out")
        self.log.append(("pre", type(args.link).__name__, args.forward_name))

    def forward_postprocess(self, args):
        self.log.append(("post", args.out.shape, len(args.args), sorted(args.kwargs)))


def test_link_hooks_see_every_link():
    model = rk.Sequential(L.Linear(2, 3))
    x = np.ones((1, 2), np.float32)
    with Seen() as hook:
        model(x)
    model(x)
    assert hook.log == [
        ("pre", "Sequential", "forward"),
        ("pre", "Linear", "forward"),
        ("post", (1, 3), 1, []),
        ("post", (1, 3), 1, []),
    ]


def test_hook_of_one_link():
    model, hook = rk.Sequential(L.Linear(2, 3)), Seen()
    assert model[0].add_hook(hook) is model[0]
    model(np.ones((1, 2), np.float32))
    model[0](x=np.ones((1, 2), np.float32))
    assert [entry[0] for entry in hook.log] == ["pre", "post", "pre", "post"]
    assert hook.log[-1] == ("post", (1, 3), 0, ["x"])
    with pytest.raises(UsageError, match="already exists"):
        model[0].add_hook(hook)
    model[0].delete_hook("Seen")
    model(np.ones((1, 2), np.float32))
    assert len(hook.log) == 4
    with pytest.raises(UsageError, match="does not exist"):
        model[0].delete_hook("Seen")


def test_a_link_without_forward_says_so():
    with pytest.raises(UsageError, match="Define forward"):
        rk.Link()(1)


def test_calling_a_link_costs_few_calls():
    layer, x = L.Linear(3, 2), rk.Variable(np.ones((2, 3), np.float32))
    layer(x)
    names = []
    sys.setprofile(
        lambda frame, event, _: event == "call" and names.append(frame.f_code.co_filename)
    )
    try:
        layer(x)
    finally:
        sys.setprofile(None)
    assert sum("/links/" in name for name in names) == 2  # __call__ and forward


# -- messages --------------------------------------------------------------------------------------


class Deep(rk.Chain):
    def __init__(self):
        super().__init__(head=Nested())

    def forward(self, x):
        return self.head(x)


def test_errors_carry_the_path():
    with pytest.raises(ShapeError, match=r"In head/blocks/0 \(Linear 2→2\)\.") as info:
        Deep()(np.ones((1, 5), np.float32))
    assert info.value.place == ["0", "blocks", "head"]


def test_path_of_a_link_called_past_its_parent():
    class Skipping(rk.Chain):
        def forward(self, x):
            return self.head.extra["a"](x)

    with pytest.raises(ShapeError, match=r"In head/extra/a \(Linear 2→1\)\."):
        Skipping(head=Nested())(np.ones((1, 5), np.float32))


def test_error_under_a_hook_carries_the_path():
    with Seen(), pytest.raises(ShapeError, match=r"In head/blocks/0 "):
        Deep()(np.ones((1, 5), np.float32))


def test_error_in_a_container_itself():
    class Wrong(rk.Chain):
        def forward(self, x):
            return self.l(x) + np.zeros((2, 7), np.float32)

    model = rk.Sequential(L.Linear(2, 2), Wrong(l=L.Linear(2, 3)))
    with pytest.raises(ShapeError, match=r"In 1 \(Wrong\)\."):
        model(np.ones((2, 2), np.float32))


def test_str():
    assert str(L.Linear(2, 3)) == "Linear(in_size=2, out_size=3, nobias=False)"
    assert str(rk.Chain()) == "Chain()"
    assert repr(rk.Chain(a=L.Linear(2, 3), b=rk.ChainList(rk.Chain()))) == (
        "Chain(\n"
        "  (a): Linear(in_size=2, out_size=3, nobias=False),\n"
        "  (b): ChainList(\n"
        "    (0): Chain(),\n"
        "  ),\n"
        ")"
    )
