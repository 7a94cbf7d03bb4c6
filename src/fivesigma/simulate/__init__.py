"""Physical systems with known truth, one a file.

``tables.write`` is what ``fivesigma simulate NAME -o FILE`` calls, ``tables.columns`` what a study with
``source = "simulate:NAME"`` reads; `catalogue` knows the systems by name.
"""
