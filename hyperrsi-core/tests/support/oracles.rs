//! Where numbers that other software made are kept, for every test of the workspace that compares with them.

use std::path::{Path, PathBuf};

/// A folder of the oracles, if it is there. A clone without them goes on; what `HYPERRSI_ORACLES` names has to exist.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("HYPERRSI_ORACLES") {
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles"),
        Some(named) => {
            let root = PathBuf::from(named);
            assert!(root.is_dir(), "HYPERRSI_ORACLES names {}, which is no folder", root.display());
            root
        }
    };
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no oracles at {}", folder.display());
    None
}
