"""`python -m gateway.cli` is `cityloom`."""

from gateway.cli.main import main

main()
