//! Paths on file shares, below the folder that a share's document names: what leads elsewhere, or means something else
//! than a folder, is no path.

use std::fmt;
use std::str::FromStr;

/// The longest name of a folder, in UTF-16 units, as file servers count.
const LONGEST_NAME: usize = 255;
/// The longest path, in UTF-16 units.
const LONGEST: usize = 1_024;
/// Folders within folders.
const DEEPEST: usize = 32;

/// Names that mean devices on Windows, also with anything after a dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// A path of at least one folder, without anything that leads out of where it begins. Written with `\` or `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharePath(Vec<String>);

impl SharePath {
    /// A path of these names; the error says what is wrong with which.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, String> {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        for name in &names {
            is_folder_name(name).map_err(|why| format!("`{name}` {why}"))?;
        }
        let path = Self(names);
        let length = path.to_string().encode_utf16().count();
        match path.0.len() {
            0 => Err("it names no folder".to_owned()),
            deep if deep > DEEPEST => Err(format!("it is {deep} folders deep, and {DEEPEST} are the most")),
            _ if length > LONGEST => Err(format!("it has {length} characters, and {LONGEST} are the most")),
            _ => Ok(path),
        }
    }

    /// Its names, from the outermost on.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The name of the folder itself.
    pub fn leaf(&self) -> &str {
        self.0.last().map(String::as_str).unwrap_or_default()
    }

    /// A path below this one.
    pub fn join(&self, below: &Self) -> Result<Self, String> {
        Self::of(self.0.iter().chain(&below.0).map(String::as_str))
    }

    /// Whether this is the other folder, or in it. File servers do not tell cases apart.
    pub fn is_within(&self, other: &Self) -> bool {
        let same = |(one, other): (&String, &String)| one.to_lowercase() == other.to_lowercase();
        self.0.len() >= other.0.len() && self.0.iter().zip(&other.0).all(same)
    }
}

impl FromStr for SharePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it names no folder".to_owned());
        }
        if text.starts_with(['/', '\\']) {
            return Err("it begins at the top of the server; write it from the share's `root` on".to_owned());
        }
        Self::of(text.split(['/', '\\']))
    }
}

impl fmt::Display for SharePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\\"))
    }
}

/// Whether a name is that of one folder, and of nothing else.
fn is_folder_name(name: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(why.to_owned());
    if name.is_empty() {
        return wrong("is no name");
    }
    if matches!(name, "." | "..") {
        return wrong("leads elsewhere");
    }
    if name.contains(['/', '\\']) {
        return wrong("has a separator of folders in it");
    }
    if name.contains(':') {
        return wrong("has a `:`, which names a drive or a stream");
    }
    if let Some(sign) = name
        .chars()
        .find(|sign| sign.is_control() || "\"*<>?|".contains(*sign))
    {
        return Err(format!("has {sign:?}, which names of folders cannot have"));
    }
    // Characters that some servers and clients write for those that are not allowed.
    if name.chars().any(|sign| ('\u{e000}'..='\u{f8ff}').contains(&sign)) {
        return wrong("has a character for private use, which file servers read as another one");
    }
    if name.ends_with(['.', ' ']) || name.starts_with(' ') {
        return wrong("begins or ends with a space or ends with a dot, which file servers leave out");
    }
    if name.encode_utf16().count() > LONGEST_NAME {
        return Err(format!("is longer than {LONGEST_NAME} characters"));
    }
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_uppercase();
    let numbered = ["COM", "LPT"]
        .iter()
        .filter_map(|device| stem.strip_prefix(device));
    let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"];
    if DEVICES.contains(&stem.as_str()) || numbered.into_iter().any(|rest| digits.contains(&rest)) {
        return wrong("is the name of a device");
    }
    // Short names (`PROGRA~1`) are other names of folders that are called otherwise.
    let short = name.rsplit_once('~').is_some_and(|(before, after)| {
        let digits = after.split('.').next().unwrap_or_default();
        !before.is_empty()
            && name.len() <= 12
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if short {
        return wrong("looks like the short name of another folder");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ada", "ada")]
    #[case("staff/ada", "staff\\ada")]
    #[case("staff\\Ada Lovelace", "staff\\Ada Lovelace")]
    #[case(".profile", ".profile")]
    #[case("common", "common")]
    #[case("Ünal ß", "Ünal ß")]
    fn folders_are_paths(#[case] text: &str, #[case] path: &str) {
        assert_eq!(text.parse::<SharePath>().unwrap().to_string(), path);
    }

    #[rstest]
    #[case("")]
    #[case("/ada")]
    #[case("\\ada")]
    #[case("\\\\server\\share")]
    #[case("C:\\ada")]
    #[case("..")]
    #[case("staff/../ada")]
    #[case("staff\\.\\ada")]
    #[case("staff//ada")]
    #[case("ada/")]
    #[case("ada:stream")]
    #[case("ada::$DATA")]
    #[case("ada.")]
    #[case("ada ")]
    #[case(" ada")]
    #[case(".. ")]
    #[case("...")]
    #[case("nul")]
    #[case("Con.txt")]
    #[case("com1")]
    #[case("LPT\u{b9}.x")]
    #[case("a*a")]
    #[case("a\0a")]
    #[case("a\u{f022}")]
    #[case("ADALOV~1")]
    fn everything_else_is_none(#[case] text: &str) {
        assert!(text.parse::<SharePath>().is_err(), "{text}");
    }

    proptest! {
        #[test]
        fn a_path_never_leaves_its_root(text in "[a.:~ /\\\\*\u{f02f}\u{0}1C]{0,12}") {
            if let Ok(path) = text.parse::<SharePath>() {
                for name in path.names() {
                    prop_assert!(!name.is_empty() && !name.contains(['/', '\\', ':', '\0']));
                    prop_assert!(!name.trim_matches(['.', ' ']).is_empty() && !name.ends_with(['.', ' ']));
                }
                let again: SharePath = path.to_string().parse().unwrap();
                prop_assert_eq!(again, path);
            }
        }
    }
}
