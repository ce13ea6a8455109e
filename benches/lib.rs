//! Benchmarks that compare whole runs of hyperrsi with bare loops.
