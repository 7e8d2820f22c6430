"""Makes pandapower_unbalance.csv: three-phase power flows with uneven loads, and the unbalance that pandapower finds.

A tool for developers: nothing runs it, and the test reads what it once wrote. It wants pandapower 3.5 with pandas
below 3 in an environment of its own: python make_pandapower_unbalance.py > pandapower_unbalance.csv
"""

import csv
import importlib
import sys
from typing import Any

import numpy as np

LOADS_KW = (
    (20, 20, 20), (30, 20, 10), (25, 10, 10), (10, 25, 10), (10, 10, 25), (30, 20, 0),
    (0, 25, 20), (25, 0, 0), (0, 25, 0), (25, 25, 0), (8, 3, 5), (-20, 15, 10),
)  # fmt: skip
"""Of phases a, b, c at the end of the street; half of it, turned by a phase, half-way. Below 0: feeding in."""


def network() -> Any:
    """A 10 kV grid, a 630 kVA transformer with earthed neutral, and 600 m of street cable in two pieces."""
    pp = importlib.import_module("pandapower")
    net = pp.create_empty_network()
    grid, board, middle, end = (pp.create_bus(net, vn_kv=kv) for kv in (10.0, 0.4, 0.4, 0.4))
    pp.create_ext_grid(net, grid, s_sc_max_mva=200, rx_max=0.1, r0x0_max=0.1, x0x_max=1.0)
    pp.create_transformer_from_parameters(
        net, grid, board, sn_mva=0.63, vn_hv_kv=10.0, vn_lv_kv=0.4, vk_percent=4.5, vkr_percent=0.98, pfe_kw=0.81,
        i0_percent=0.6, vector_group="Dyn", vk0_percent=4.5, vkr0_percent=0.98, mag0_percent=100.0, mag0_rx=0.0,
        si0_hv_partial=0.9,
    )  # fmt: skip
    for start, stop in ((board, middle), (middle, end)):
        pp.create_line_from_parameters(
            net, start, stop, length_km=0.3, r_ohm_per_km=0.206, x_ohm_per_km=0.08, c_nf_per_km=261, max_i_ka=0.27,
            r0_ohm_per_km=0.824, x0_ohm_per_km=0.32, c0_nf_per_km=150,
        )  # fmt: skip
    for bus in (middle, end):
        pp.create_asymmetric_load(net, bus)
    return net


def main() -> None:
    """Write the table to the standard output."""
    pp = importlib.import_module("pandapower")
    net = network()
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(
        ["case", "bus", "ab_v", "bc_v", "ca_v", "a_v", "a_deg", "b_v", "b_deg", "c_v", "c_deg", "unbalance_percent"]
    )
    for case, (a, b, c) in enumerate(LOADS_KW):
        for load, kw in enumerate(((c / 2, a / 2, b / 2), (a, b, c))):
            for phase, power in zip("abc", kw, strict=True):
                net.asymmetric_load.loc[load, f"p_{phase}_mw"] = power / 1e3
                net.asymmetric_load.loc[load, f"q_{phase}_mvar"] = power / 1e3 * 0.3
        pp.runpp_3ph(net, tolerance_mva=1e-9)
        for bus, row in net.res_bus_3ph.iterrows():
            to_volts = net.bus.vn_kv[bus] * 1e3 / np.sqrt(3)
            size = np.array([row[f"vm_{p}_pu"] for p in "abc"]) * to_volts
            angle = np.array([row[f"va_{p}_degree"] for p in "abc"])
            phasor = size * np.exp(1j * np.radians(angle))
            lines = np.abs(phasor - np.roll(phasor, -1))
            polar = [figure for pair in zip(size, angle, strict=True) for figure in pair]
            out.writerow([case, bus, *(f"{figure:.9g}" for figure in (*lines, *polar, row["unbalance_percent"]))])


if __name__ == "__main__":
    main()
