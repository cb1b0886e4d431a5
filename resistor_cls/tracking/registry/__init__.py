"""The registered model `resistor_cls` and its champion."""
