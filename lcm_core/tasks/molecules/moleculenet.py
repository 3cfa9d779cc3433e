"""Tables of MoleculeNet, downloaded as PyG's `MoleculeNet` does: for machines with a network."""

import csv
import gzip
import io
from pathlib import Path

from lcm_core.errors import unknown
from lcm_core.files.cache import cached

__all__ = ["moleculenet_file"]


def moleculenet_file(name: str) -> tuple[Path, str, list[str]]:
    """A table of MoleculeNet in the cache folder, downloaded the first time.

    `torch_geometric.datasets.MoleculeNet` knows where the tables are and which of their columns
    hold what. Only that is used of it, since it leaves out molecules without a word.

    Args:
        name: "BBBP", "BACE", "ClinTox", "HIV" or another of PyG's names; capitals do not matter.

    Returns:
        (path of the CSV file, name of its SMILES column, names of its target columns)

    Raises:
        ValueError: an unknown name.
        OSError: it cannot be downloaded, or the cache folder cannot be written to.
    """
    from torch_geometric.datasets import MoleculeNet  # takes a second or two

    known = MoleculeNet.names
    if name.lower() not in known:
        raise unknown("table of MoleculeNet", name, [each[0] for each in known.values()])
    _, file, _, smiles, targets = known[name.lower()]
    path = cached(f"moleculenet-{file}", lambda to: _download(MoleculeNet.url.format(file), to))
    plain = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    header = next(csv.reader(io.StringIO(plain.decode("utf-8-sig"), newline="")))
    chosen = header[targets] if isinstance(targets, slice) else [header[targets]]
    return path, header[smiles], chosen


def _download(url: str, to: Path) -> None:
    from torch_geometric.data import download_url

    try:
        download_url(url, str(to.parent), filename=to.name)
    except OSError as error:
        raise OSError(
            f"cannot download {url} ({error}). Without a network, use the copies that come with "
            "lcm_core, such as make_task('bbbp'), 'bace', 'clintox' and 'hiv'; or bring the file "
            "from a machine that has one, and read it with MoleculeTask(path, smiles_column=…, "
            "target_column=…)"
        ) from error
