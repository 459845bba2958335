//! The vault's key: 32 bytes, from a file beside the database or from the environment.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::error::StoreError;

/// The key that secrets are sealed with. Its `Debug` shows nothing, and its memory is wiped when it goes.
#[derive(Clone)]
pub struct VaultKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

impl VaultKey {
    /// The key of a text, for example an environment variable's: 64 hexadecimal digits, or Base64 (RFC 4648,
    /// section 4, or 5 for URLs; the padding may be missing).
    pub fn from_text(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        let mut key = Zeroizing::new([0; 32]);
        if text.len() == 64 && hex::decode_to_slice(text, key.as_mut_slice()).is_ok() {
            return Ok(Self(key));
        }
        let bytes = Zeroizing::new(base64(text).unwrap_or_default());
        if bytes.len() != key.len() {
            let found = format!(
                "the text given has {} characters and is neither",
                text.chars().count()
            );
            return Err(StoreError::KeyText { found });
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// The key in a file. One that is not there is made, with a new key that only its owner can read.
    pub fn from_file(path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::KeyFile {
            path: path.to_owned(),
            source,
        };
        if !path.try_exists().map_err(failed)? {
            let mut key = Zeroizing::new([0; 32]);
            getrandom::fill(key.as_mut_slice()).map_err(|source| StoreError::Randomness { source })?;
            create(path, &Zeroizing::new(hex::encode(key.as_slice()))).map_err(failed)?;
        }
        // What is in the file counts, also when another process was quicker.
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
        Self::from_text(&text)
    }

    /// Where the key file of a SQLite database is unless said otherwise: `tenure.key` beside `tenure.db`.
    pub fn beside(database: &Path) -> PathBuf {
        database.with_extension("key")
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Creates a key file that is whole as soon as it has its name, unless there is one by then.
fn create(path: &Path, text: &str) -> Result<(), std::io::Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let unfinished = PathBuf::from(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    let written = file
        .write_all(format!("{text}\n").as_bytes())
        .and_then(|()| file.sync_all());
    let named = written.and_then(|()| std::fs::hard_link(&unfinished, path));
    std::fs::remove_file(&unfinished)?;
    match named {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Base64 of either alphabet. What stands in the last digit beyond the key is not looked at, as it was not before.
fn base64(text: &str) -> Option<Vec<u8>> {
    const RULES: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    const READER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, RULES);
    let digits = Zeroizing::new(text.trim_end_matches('=').replace('-', "+").replace('_', "/"));
    READER.decode(digits.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_key_give_the_same() {
        let hexadecimal = VaultKey::from_text(&"fb".repeat(32)).unwrap();
        let base64 = VaultKey::from_text("+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n").unwrap();
        let for_urls = VaultKey::from_text("-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s").unwrap();
        assert_eq!(hexadecimal.bytes(), base64.bytes());
        assert_eq!(hexadecimal.bytes(), for_urls.bytes());
        assert_eq!(format!("{base64:?}"), "VaultKey(…)");
        let error = VaultKey::from_text("hunter2").unwrap_err().to_string();
        assert!(
            error.contains("7 characters") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_key_file_is_made_once_and_is_its_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = VaultKey::beside(&folder.path().join("tenure.db"));
        let made = VaultKey::from_file(&path).unwrap();
        assert_eq!(made.bytes(), VaultKey::from_file(&path).unwrap().bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
        std::fs::write(&path, "too short").unwrap();
        assert!(matches!(
            VaultKey::from_file(&path),
            Err(StoreError::KeyText { .. })
        ));
    }
}
