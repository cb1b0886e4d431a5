"""Crops of resistors, drawn in batches at the size of a crop: fast enough to train on a million.

A whole photo (`resistor_cls.synthetic.draw`) costs as much as a hundred crops. What a crop shows is
sampled in `sampling`, light on the body is computed in `body`, what lies behind it in `surfaces`,
and the camera in `camera`. Every range of a random value stands in `ranges` with its reason.
"""
