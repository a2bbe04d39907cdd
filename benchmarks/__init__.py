"""Measurements that anyone can make again; each is a package that `python -m` runs."""
