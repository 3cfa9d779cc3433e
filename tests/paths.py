"""The ways on which a reduction of few states may run, where the library would take but one."""

PATHS = ("operator", "kernel", "chunks", "recomputed")


def on_path(name, monkeypatch):
    """Sends all reductions on this way.

    operator: by autograd, as for few states. kernel: by the kernel, as for many. chunks: that,
    with chunks of 16 pairs. recomputed: that, with no step kept for the backward pass. By autograd
    states are permuted as on a GPU, however few they are.
    """
    from lcm_core.reduction import engine, paths, permutation

    monkeypatch.setattr(paths, "FEW", float("inf") if name == "operator" else -1)
    monkeypatch.setattr(permutation, "SMALL", -1)
    if name in ("chunks", "recomputed"):
        monkeypatch.setattr(engine, "CHUNK", 0)
    if name == "recomputed":
        monkeypatch.setattr(engine, "KEEP", 0)
