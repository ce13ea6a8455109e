//! The vault file: what opens, what does not and says why, and what is never readable.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hyperrsi_store::vault::{Credentials, Entry, Passphrase, Vault, VaultError};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SECRET: &str = "s3cr3t-of-the-account";

fn words() -> Passphrase {
    Passphrase::new("twelve or more characters")
}

fn credentials() -> Credentials {
    Credentials::new("key-1", SECRET).with_passphrase("venue pass")
}

/// A vault with one entry, and the folder that holds it.
fn one() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.vault");
    let mut vault = Vault::create(&path, &words()).unwrap();
    vault.add(&Entry::new("main", "okx"), &credentials()).unwrap();
    (folder, path)
}

fn edit(path: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let mut value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// The digest over a content, as anybody can make it who writes the file by hand.
fn digested(value: &mut serde_json::Value) {
    use base64::Engine;
    use sha2::Digest;
    let digest = sha2::Sha256::digest(value["content"].to_string().as_bytes());
    value["digest"] = base64::engine::general_purpose::STANDARD.encode(digest).into();
}

#[test]
fn what_was_added_is_there_again_and_only_with_the_passphrase() {
    let (_folder, path) = one();
    let found = Vault::open(&path, &words()).unwrap().get(&Entry::new("main", "okx")).unwrap();
    assert_eq!((found.key(), found.secret(), found.passphrase()), ("key-1", SECRET, "venue pass"));

    let error = Vault::open(&path, &Passphrase::new("some other characters")).unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase { .. }), "{error}");
}

#[test]
fn no_secret_is_readable_in_the_file_in_debug_or_in_errors() {
    let (_folder, path) = one();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("main") && text.contains("okx"), "names are readable: {text}");
    let vault = Vault::open(&path, &words()).unwrap();
    let missing = vault.get(&Entry::new("main", "bybit")).unwrap_err();
    assert!(matches!(missing, VaultError::Unknown { .. }));
    let found = vault.get(&Entry::new("main", "okx")).unwrap();
    let shown = format!("{text} {vault:?} {missing} {missing:?} {found:?} {:?}", words());
    for hidden in [SECRET, "key-1", "venue pass", "twelve or more"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

#[test]
fn sealed_credentials_do_not_open_under_another_account_or_venue() {
    for (name, other) in [("account", "other"), ("venue", "bybit")] {
        let (_folder, path) = one();
        edit(&path, |value| {
            value["content"]["entries"][0][name] = other.into();
            digested(value);
        });
        let vault = Vault::open(&path, &words()).unwrap();
        let entry = vault.entries().next().unwrap();
        let error = vault.get(&entry).unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{name}: {error}");
    }
}

#[test]
fn a_damaged_file_is_not_taken_for_a_wrong_passphrase() {
    let (_folder, path) = one();
    let whole = std::fs::read(&path).unwrap();
    for place in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        match Vault::open(&path, &words()) {
            Err(VaultError::Damaged { .. } | VaultError::Newer { .. }) => {}
            other => panic!("byte {place}: {other:?}"),
        }
    }
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(Vault::open(&path, &words()), Err(VaultError::Damaged { .. })), "{length} bytes");
    }
}

#[test]
fn a_newer_version_and_an_unsound_derivation_are_refused() {
    let (_folder, path) = one();
    let whole = std::fs::read(&path).unwrap();
    edit(&path, |value| value["hyperrsi_vault"] = 2.into());
    let error = Vault::open(&path, &words()).unwrap_err();
    assert!(matches!(error, VaultError::Newer { found: 2, supported: 1, .. }), "{error}");
    for (name, value) in [("memory_kib", 8), ("memory_kib", u32::MAX), ("passes", 0), ("passes", u32::MAX)] {
        std::fs::write(&path, &whole).unwrap();
        edit(&path, |file| {
            file["content"]["derivation"][name] = value.into();
            digested(file);
        });
        let error = Vault::open(&path, &words()).unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{name} {value}: {error}");
    }
}

#[test]
fn a_new_passphrase_opens_everything_and_the_old_one_nothing() {
    let (_folder, path) = one();
    let before = std::fs::read_to_string(&path).unwrap();
    let mut vault = Vault::open(&path, &words()).unwrap();
    vault.add(&Entry::new("second", "okx"), &Credentials::new("key-2", "other")).unwrap();
    let fresh = Passphrase::new("quite another one");
    vault.rekey(&fresh).unwrap();
    assert_eq!(vault.get(&Entry::new("second", "okx")).unwrap().key(), "key-2", "it goes on being usable");

    assert!(matches!(Vault::open(&path, &words()), Err(VaultError::WrongPassphrase { .. })));
    let vault = Vault::open(&path, &fresh).unwrap();
    assert_eq!(vault.entries().collect::<Vec<_>>(), [Entry::new("main", "okx"), Entry::new("second", "okx")]);
    assert_eq!(vault.get(&Entry::new("main", "okx")).unwrap().secret(), SECRET);
    let salt = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        (value["content"]["derivation"]["salt"].clone(), value["content"]["key_id"].clone())
    };
    let after = salt(&std::fs::read_to_string(&path).unwrap());
    assert_ne!(salt(&before).0, after.0);
    assert_eq!((salt(&before).1, after.1), (1.into(), 2.into()));
}

#[test]
fn what_is_removed_is_gone_and_a_second_writer_is_noticed() {
    let (_folder, path) = one();
    let entry = Entry::new("main", "okx");
    let mut first = Vault::open(&path, &words()).unwrap();
    let mut second = Vault::open(&path, &words()).unwrap();
    first.remove(&entry).unwrap();
    assert!(matches!(first.remove(&entry), Err(VaultError::Unknown { .. })));
    let error = second.add(&Entry::new("b", "okx"), &credentials()).unwrap_err();
    assert!(matches!(error, VaultError::Changed { .. }), "{error}");
    assert_eq!(Vault::open(&path, &words()).unwrap().entries().count(), 0);
}

#[test]
fn a_vault_is_neither_made_over_another_one_nor_with_a_short_passphrase() {
    let (_folder, path) = one();
    assert!(matches!(Vault::create(&path, &words()), Err(VaultError::Exists { .. })));
    let short = Passphrase::new("eleven char");
    let elsewhere = path.with_extension("other");
    assert!(matches!(Vault::create(&elsewhere, &short), Err(VaultError::Weak { shortest: 12 })));
    assert!(!elsewhere.exists());
    assert_eq!(Vault::open(&path, &words()).unwrap().entries().count(), 1, "the first one is as it was");
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_it_and_what_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = one();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["keys.vault"], "nothing lies beside it");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Vault::open(&path, &words()).unwrap_err();
    assert!(matches!(error, VaultError::Exposed { mode: 0o640, .. }), "{error}");
}
