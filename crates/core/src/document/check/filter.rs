//! Whether a text is a search filter (RFC 4515).

/// The deepest nesting that is taken.
const MAX_DEPTH: usize = 32;

/// What is wrong with a filter.
pub(super) fn check(text: &str) -> Result<(), String> {
    match filter(text.trim(), 0)? {
        "" => Ok(()),
        rest => Err(format!("`{rest}` after the end of the filter")),
    }
}

/// Takes one filter from the beginning of a text, and gives what follows it.
fn filter(text: &str, depth: usize) -> Result<&str, String> {
    if depth > MAX_DEPTH {
        return Err(format!("filters nested deeper than {MAX_DEPTH}"));
    }
    let Some(inner) = text.strip_prefix('(') else {
        return Err(format!("`{text}`, where a filter in parentheses should begin"));
    };
    let rest = if let Some(filters) = inner.strip_prefix(['&', '|']) {
        let mut rest = filters;
        while rest.starts_with('(') {
            rest = filter(rest, depth + 1)?;
        }
        rest
    } else if let Some(negated) = inner.strip_prefix('!') {
        filter(negated, depth + 1)?
    } else {
        comparison(inner)?
    };
    rest.strip_prefix(')')
        .ok_or_else(|| "a filter whose `)` is missing".to_owned())
}

/// Takes `attribute=value` (or `>=`, `<=`, `~=`, `:rule:=`), up to its parenthesis.
fn comparison(text: &str) -> Result<&str, String> {
    let end = text.find(['(', ')']).unwrap_or(text.len());
    let (comparison, rest) = text.split_at(end);
    let (name, value) = comparison
        .split_once('=')
        .ok_or_else(|| format!("`{comparison}`, which compares nothing with `=`"))?;
    let attribute = name.trim_end_matches(['>', '<', '~']);
    let named = !attribute.is_empty()
        && attribute
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';' | b':'));
    if !named || name.len() > attribute.len() + 1 {
        return Err(format!("`{name}`, where an attribute's name should be"));
    }
    let escapes_right = value.split('\\').skip(1).all(|escaped| {
        escaped
            .get(..2)
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    if escapes_right {
        Ok(rest)
    } else {
        Err(format!("`{value}`, in which `\\` is not followed by two digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_told_from_other_texts() {
        for text in [
            "(objectClass=person)",
            "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
            "(|(cn=a*b)(uidNumber>=1000)(cn=a\\28b))",
            "(&)",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "cn=a",
            "(cn=a",
            "(cn=a))",
            "(cn)",
            "(=a)",
            "(!cn=a)",
            "(&(a=b)c)",
            "(cn=\\zz)",
            "(c n=a)",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&"(!".repeat(10_000)).is_err());
    }
}
