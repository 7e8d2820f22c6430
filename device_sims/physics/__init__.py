"""Networks whose physics are computed by others' libraries: water hydraulics (wntr), power flow (pandapower)."""
