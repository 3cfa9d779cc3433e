"""The ways on which a reduction of few states may run, where the library would take but one."""

PATHS = ("operator", "kernel", "chunks", "taken again")


def on_path(name, monkeypatch):
    """Sends all reductions on this way.

    operator: by autograd, as for few states. kernel: by the kernel, as for many. chunks: that,
    with chunks of 16 pairs. taken again: that, with no step kept for the way back.
    """
    from lcm_core.reduction import engine

    monkeypatch.setattr(engine, "FEW", float("inf") if name == "operator" else -1)
    if name in ("chunks", "taken again"):
        monkeypatch.setattr(engine, "CHUNK", 0)
    if name == "taken again":
        monkeypatch.setattr(engine, "KEEP", 0)
