#!/bin/sh
# A wrapper of rustc for the crates of this workspace, by which they are built with the deliberate bugs of
# src/core/mutant.rs. What they depend on is not built again.
exec "$@" --cfg everwire_mutants
