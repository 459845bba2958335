//! Distinguished names, as far as a directory compares and takes them apart.

/// The parts of a name as written, the object's own first.
fn parts(dn: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in dn.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                parts.push(dn.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(dn.get(start..).unwrap_or_default());
    parts
}

/// The value of one part, without escapes.
fn value(part: &str) -> Vec<u8> {
    let value = part.split_once('=').map_or(part, |(_, value)| value).trim();
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let pair = after
            .get(..2)
            .and_then(|pair| hex::decode(pair).ok())
            .and_then(|decoded| decoded.first().copied());
        match (first, pair, after) {
            (b'\\', Some(byte), _) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'\\', None, [next, behind @ ..]) => {
                bytes.push(*next);
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// The form in which two names of one object are the same.
pub(super) fn key(dn: &str) -> String {
    let mut key = String::with_capacity(dn.len());
    for part in parts(dn) {
        if !key.is_empty() {
            key.push(',');
        }
        let attribute = part.split_once('=').map_or("", |(attribute, _)| attribute);
        key.push_str(&attribute.trim().to_ascii_lowercase());
        key.push('=');
        for letter in String::from_utf8_lossy(&value(part)).to_lowercase().chars() {
            if matches!(letter, ',' | '\\') {
                key.push('\\');
            }
            key.push(letter);
        }
    }
    key
}

/// The name of what an object is in; none for the topmost.
pub(super) fn parent(dn: &str) -> Option<&str> {
    let own = parts(dn).first()?.len();
    dn.get(own + 1..).filter(|rest| !rest.is_empty())
}

/// An object's own part, such as `CN=Ada`.
pub(super) fn rdn(dn: &str) -> &str {
    parts(dn).first().copied().unwrap_or_default()
}

/// What an object is called within its container, without escapes.
pub(super) fn own_name(dn: &str) -> String {
    String::from_utf8_lossy(&value(rdn(dn))).into_owned()
}

/// Whether the object with this key is at or below the one with that.
pub(super) fn is_within(key: &str, base: &str) -> bool {
    key.strip_suffix(base)
        .is_some_and(|rest| rest.is_empty() || (rest.ends_with(',') && !rest.ends_with("\\,")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_the_same_have_one_key() {
        assert_eq!(
            key("CN=Byrne\\, Ada, OU=People,DC=lab"),
            key("cn=byrne\\2c ada,ou=PEOPLE,dc=LAB")
        );
        assert_eq!(parent("CN=Byrne\\, Ada,OU=People"), Some("OU=People"));
        assert_eq!(own_name("CN=Byrne\\, Ada,OU=People"), "Byrne, Ada");
        assert!(is_within("cn=a,dc=lab", "dc=lab") && is_within("dc=lab", "dc=lab"));
        assert!(!is_within("dc=xlab", "lab"));
    }
}
