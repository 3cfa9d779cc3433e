"""Certificates: how an aggregation depends on order, on the other sets in its batch, and on size.

Open `certification.py` first: `certify` takes the measures one by one.
"""

from lcm_core.laws.certificates.certificate import Certificate
from lcm_core.laws.certificates.certification import certify

__all__ = [
    "Certificate",
    "certify",
]
