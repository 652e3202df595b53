"""The dashboards as Python: `wall`, `monitor` and `prober` on top of `model` and `words`."""
