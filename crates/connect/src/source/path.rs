//! Where something is in an answer: the part of JSONPath (RFC 9535) that names members, one within the other.

use std::fmt;

/// The names that lead from the whole answer to a value in it; none for the answer itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberPath {
    names: Vec<String>,
    written: String,
    reach: Reach,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All items of a list: it ends in `[*]`.
    Items,
    /// One value.
    One,
}

impl MemberPath {
    /// Reads a path to records: names and one final `[*]` for those of a list, such as `$.data.people[*]`, or names
    /// alone for a single one, such as `$.data.person`.
    pub(super) fn of_records(text: &str) -> Result<Self, String> {
        let (path, reach) = match text.trim().strip_suffix("[*]") {
            Some(to_list) => (to_list, Reach::Items),
            None => (text.trim(), Reach::One),
        };
        Ok(Self {
            names: names(text, path)?,
            written: text.trim().to_owned(),
            reach,
        })
    }

    /// What it leads to.
    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    /// Reads a path to one value, such as `$.totalCount` or `$['total count']`.
    pub(super) fn of_value(text: &str) -> Result<Self, String> {
        let path = Self {
            names: names(text, text.trim())?,
            written: text.trim().to_owned(),
            reach: Reach::One,
        };
        if path.names.is_empty() {
            return Err(format!(
                "`{text}` names no member; write for example `$.totalCount`"
            ));
        }
        Ok(path)
    }

    /// Reads where in a body something goes: a path, or the plain name of a member.
    pub(super) fn of_member(text: &str) -> Result<Self, String> {
        if text.starts_with('$') {
            return Self::of_value(text);
        }
        Ok(Self {
            names: vec![text.to_owned()],
            written: text.to_owned(),
            reach: Reach::One,
        })
    }

    /// The names, outermost first.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Display for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// The names of a path without its `[*]`. `whole` is what the error repeats.
fn names(whole: &str, path: &str) -> Result<Vec<String>, String> {
    let wrong = || {
        format!(
            "`{whole}` is not a path of names; write for example `$.data.people` or `$['all people']` (RFC 9535)"
        )
    };
    let mut rest = path.strip_prefix('$').ok_or_else(wrong)?;
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix('.') {
            Some(dotted) => {
                let end = dotted.find(['.', '[']).unwrap_or(dotted.len());
                let (name, after) = dotted.split_at_checked(end).ok_or_else(wrong)?;
                if !is_shorthand(name) {
                    return Err(wrong());
                }
                (name, after)
            }
            None => quoted(rest).ok_or_else(wrong)?,
        };
        names.push(name.to_owned());
        rest = after;
    }
    Ok(names)
}

/// A name in brackets and quotes, and what follows. Names with escapes in them are not read.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let quote = inner.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (name, after) = inner.strip_prefix(quote)?.split_once(quote)?;
    if name.contains('\\') {
        return None;
    }
    Some((name, after.strip_prefix(']')?))
}

/// Whether a name may stand without quotes (RFC 9535, section 2.5.1.1). A hyphen may too, as many APIs have them.
fn is_shorthand(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii());
    starts
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || !c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Result<Vec<String>, String> {
        MemberPath::of_records(text).map(|path| path.names)
    }

    #[test]
    fn paths_of_names_are_read() {
        assert_eq!(records("$[*]").unwrap(), [""; 0]);
        assert_eq!(records("$.results[*]").unwrap(), ["results"]);
        assert_eq!(records("$.data.user-list[*]").unwrap(), ["data", "user-list"]);
        assert_eq!(
            records(r#"$['all people']["x.y"].z[*]"#).unwrap(),
            ["all people", "x.y", "z"]
        );
        assert_eq!(records("$.data.person").unwrap(), ["data", "person"]);
        assert_eq!(records("$").unwrap(), [""; 0]);
        assert_eq!(
            MemberPath::of_value("$.meta.total").unwrap().names,
            ["meta", "total"]
        );
    }

    #[test]
    fn other_paths_are_refused_with_an_example() {
        for wrong in [
            "results[*]",
            "results",
            "$..x[*]",
            "$.a[0][*]",
            "$.a[*].b[*]",
            "$.[*]",
            "$['a[*]",
            "$.1[*]",
        ] {
            assert!(
                records(wrong).unwrap_err().contains("write for example"),
                "{wrong}"
            );
        }
        assert!(MemberPath::of_value("$").is_err());
        assert!(MemberPath::of_value("$.a[*]").is_err());
    }
}
