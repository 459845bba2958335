//! The files of a folder that were not read before.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{BLOCK, Trouble};

/// The most files that a folder may have that fit.
const MOST: usize = 100_000;

/// A file that was not read before.
pub(super) struct New {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) hash: String,
}

/// The files of a folder that fit the pattern and were not read with this content before, by name.
pub(super) fn new_files(
    path: &Path,
    before: &BTreeMap<String, String>,
) -> Result<Vec<New>, (PathBuf, Trouble)> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let pattern = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let failed = |error: std::io::Error| (folder.to_owned(), Trouble::from(error));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // As in a shell, hidden files are not meant; programs write under such names until they are done.
        if name.starts_with('.') || !fits(pattern, &name) || !entry.path().is_file() {
            continue;
        }
        if names.len() >= MOST {
            let said = format!("more than {MOST} files in it fit `{pattern}`");
            let hint = "move those that were read to another folder";
            return Err((folder.to_owned(), Trouble::Malformed { said, hint }));
        }
        names.push(name);
    }
    names.sort();
    let mut new = Vec::new();
    for name in names {
        let path = folder.join(&name);
        let hash = hash(&path).map_err(|trouble| (path.clone(), trouble))?;
        if before.get(&name) != Some(&hash) {
            new.push(New { path, name, hash });
        }
    }
    Ok(new)
}

fn hash(path: &Path) -> Result<String, Trouble> {
    hash_of(&File::open(path)?)
}

/// The SHA-256 of a file, which is at its beginning again afterwards.
pub(super) fn hash_of(mut file: &File) -> Result<String, Trouble> {
    file.rewind()?;
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            break;
        }
        hash.update(block.get(..read).unwrap_or_default());
    }
    file.rewind()?;
    Ok(hex::encode(hash.finalize()))
}

/// Whether a name fits a pattern, in which `*` is any text and `?` any one character.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where the last `*` stands, and how far what it takes goes.
    let mut star: Option<(usize, usize)> = None;
    while place < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(one) if *one == '?' || name.get(place) == Some(one) => {
                at += 1;
                place += 1;
            }
            _ => match &mut star {
                None => return false,
                Some((before, taken)) => {
                    *taken += 1;
                    at = *before + 1;
                    place = *taken;
                }
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.csv", "people.csv", true),
            ("*.csv", ".csv", true),
            ("*.csv", "people.csv.part", false),
            ("people-????.csv", "people-2026.csv", true),
            ("people-????.csv", "people-26.csv", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("ä?", "äö", true),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
