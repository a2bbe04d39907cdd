"""The recovery table: what is recovered of a network, per condition, against targets and a bound."""
