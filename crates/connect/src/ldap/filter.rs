//! Search filters as trees (RFC 4511, section 4.5.1.7). Values are bytes that go on the wire as they are, so there is
//! nothing to escape; the text form (RFC 4515) is only read, for filters that an administrator writes.

use super::ber::{Writer, context, context_constructed};

/// A search filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of these hold; of none, always.
    And(Vec<Filter>),
    /// One of these holds at least; of none, never.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// The attribute has this value.
    Equal(String, Vec<u8>),
    /// The attribute has a value that is not smaller.
    AtLeast(String, Vec<u8>),
    /// The attribute has a value that is not greater.
    AtMost(String, Vec<u8>),
    /// The attribute has a value that is about this.
    About(String, Vec<u8>),
    /// The attribute has a value.
    Present(String),
    /// The attribute has a value made of these parts.
    Substrings {
        /// The attribute.
        attribute: String,
        /// How it starts.
        initial: Option<Vec<u8>>,
        /// What comes in between, in this order.
        any: Vec<Vec<u8>>,
        /// How it ends.
        last: Option<Vec<u8>>,
    },
    /// A matching rule says so (for example Active Directory's bitwise and).
    Extensible {
        /// The matching rule's name or OID; none for the attribute's own.
        rule: Option<String>,
        /// The attribute; none for every one to which the rule applies.
        attribute: Option<String>,
        /// The value handed to the rule.
        value: Vec<u8>,
        /// Whether the parts of the entry's name count as attributes.
        in_name: bool,
    },
}

impl Filter {
    /// `(attribute=value)`.
    pub fn equal(attribute: &str, value: impl AsRef<[u8]>) -> Self {
        Self::Equal(attribute.to_owned(), value.as_ref().to_vec())
    }

    /// `(attribute=*)`.
    pub fn present(attribute: &str) -> Self {
        Self::Present(attribute.to_owned())
    }

    /// A filter that every entry passes.
    pub fn everything() -> Self {
        Self::present("objectClass")
    }

    /// Appends the filter as it goes on the wire.
    pub fn write(&self, out: &mut Writer<'_>) {
        let assertion = |out: &mut Writer<'_>, tag, attribute: &str, value: &[u8]| {
            out.nested(context_constructed(tag), |out| {
                out.octets(attribute.as_bytes());
                out.octets(value);
            });
        };
        match self {
            Self::And(parts) => {
                out.nested(context_constructed(0), |out| {
                    for part in parts {
                        part.write(out);
                    }
                });
            }
            Self::Or(parts) => {
                out.nested(context_constructed(1), |out| {
                    for part in parts {
                        part.write(out);
                    }
                });
            }
            Self::Not(part) => out.nested(context_constructed(2), |out| part.write(out)),
            Self::Equal(attribute, value) => assertion(out, 3, attribute, value),
            Self::Substrings {
                attribute,
                initial,
                any,
                last,
            } => out.nested(context_constructed(4), |out| {
                out.octets(attribute.as_bytes());
                out.nested(super::ber::SEQUENCE, |out| {
                    if let Some(part) = initial {
                        out.bytes(context(0), part);
                    }
                    for part in any {
                        out.bytes(context(1), part);
                    }
                    if let Some(part) = last {
                        out.bytes(context(2), part);
                    }
                });
            }),
            Self::AtLeast(attribute, value) => assertion(out, 5, attribute, value),
            Self::AtMost(attribute, value) => assertion(out, 6, attribute, value),
            Self::Present(attribute) => out.bytes(context(7), attribute.as_bytes()),
            Self::About(attribute, value) => assertion(out, 8, attribute, value),
            Self::Extensible {
                rule,
                attribute,
                value,
                in_name,
            } => out.nested(context_constructed(9), |out| {
                if let Some(rule) = rule {
                    out.bytes(context(1), rule.as_bytes());
                }
                if let Some(name) = attribute {
                    out.bytes(context(2), name.as_bytes());
                }
                out.bytes(context(3), value);
                if *in_name {
                    out.boolean(context(4), true);
                }
            }),
        }
    }

    /// Reads the text form (RFC 4515), for example `(&(objectClass=user)(!(cn=svc-*)))`.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let trimmed = text.trim();
        let error = |at: &str| FilterError {
            text: text.to_owned(),
            at: at.to_owned(),
        };
        // Administrators leave the outer brackets away.
        let wrapped = if trimmed.starts_with('(') {
            trimmed.to_owned()
        } else {
            format!("({trimmed})")
        };
        let mut rest = wrapped.as_str();
        let filter = parse_one(&mut rest, 0).map_err(|at| error(&at))?;
        if rest.trim().is_empty() {
            Ok(filter)
        } else {
            Err(error(rest))
        }
    }
}

/// A text that is no search filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an LDAP filter: not understood from `{at}` on")]
pub struct FilterError {
    /// What was given.
    pub text: String,
    /// The part from which on it is not understood.
    pub at: String,
}

/// Deeper than anybody writes, and shallow enough for the stack.
const MAX_DEPTH: u8 = 50;

fn parse_one(rest: &mut &str, depth: u8) -> Result<Filter, String> {
    let here = *rest;
    let inner = rest
        .trim_start()
        .strip_prefix('(')
        .filter(|_| depth < MAX_DEPTH)
        .ok_or(here)?
        .trim_start();
    let mut inner = inner;
    let filter = match inner.chars().next() {
        Some(sign @ ('&' | '|')) => {
            inner = inner.get(1..).unwrap_or_default();
            let mut parts = Vec::new();
            while inner.trim_start().starts_with('(') {
                parts.push(parse_one(&mut inner, depth + 1)?);
            }
            if sign == '&' {
                Filter::And(parts)
            } else {
                Filter::Or(parts)
            }
        }
        Some('!') => {
            inner = inner.get(1..).unwrap_or_default();
            Filter::Not(Box::new(parse_one(&mut inner, depth + 1)?))
        }
        _ => {
            let end = inner.find([')', '(']).ok_or(here)?;
            let (item, after) = inner.split_at(end);
            inner = after;
            parse_item(item).ok_or(here)?
        }
    };
    *rest = inner.trim_start().strip_prefix(')').ok_or(here)?;
    Ok(filter)
}

fn parse_item(item: &str) -> Option<Filter> {
    let (left, value) = item.split_once('=')?;
    if let Some(left) = left.strip_suffix(':') {
        return parse_extensible(left, &unescape(value)?);
    }
    if let Some(name) = left.strip_suffix('>') {
        return Some(Filter::AtLeast(attribute_name(name)?, unescape(value)?));
    }
    if let Some(name) = left.strip_suffix('<') {
        return Some(Filter::AtMost(attribute_name(name)?, unescape(value)?));
    }
    if let Some(name) = left.strip_suffix('~') {
        return Some(Filter::About(attribute_name(name)?, unescape(value)?));
    }
    let name = attribute_name(left)?;
    if value == "*" {
        return Some(Filter::Present(name));
    }
    if !value.contains('*') {
        return Some(Filter::Equal(name, unescape(value)?));
    }
    let parts: Vec<&str> = value.split('*').collect();
    let (first, middle_and_last) = parts.split_first()?;
    let (last, middle) = middle_and_last.split_last()?;
    let some = |part: &str| (!part.is_empty()).then(|| unescape(part));
    Some(Filter::Substrings {
        attribute: name,
        initial: some(first).map_or(Some(None), |part| part.map(Some))?,
        any: middle
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| unescape(part))
            .collect::<Option<_>>()?,
        last: some(last).map_or(Some(None), |part| part.map(Some))?,
    })
}

/// `attribute:dn:rule` in front of `:=`, all parts but one optional.
fn parse_extensible(left: &str, value: &[u8]) -> Option<Filter> {
    let mut parts = left.split(':');
    let attribute = parts.next()?;
    let mut rest: Vec<&str> = parts.collect();
    let in_name = rest.first().is_some_and(|part| part.eq_ignore_ascii_case("dn"));
    if in_name {
        rest.remove(0);
    }
    let rule = match rest.as_slice() {
        [] => None,
        [rule] => Some(attribute_name(rule)?),
        _ => return None,
    };
    let attribute = if attribute.is_empty() {
        None
    } else {
        Some(attribute_name(attribute)?)
    };
    (rule.is_some() || attribute.is_some()).then(|| Filter::Extensible {
        rule,
        attribute,
        value: value.to_vec(),
        in_name,
    })
}

fn attribute_name(text: &str) -> Option<String> {
    let text = text.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';' | '_');
    (!text.is_empty() && text.chars().all(good)).then(|| text.to_owned())
}

/// Undoes `\2a`; anything else after a backslash is an error.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            out.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(filter: &Filter) -> Vec<u8> {
        let mut out = Vec::new();
        filter.write(&mut Writer::new(&mut out));
        out
    }

    #[test]
    fn a_filter_in_text_becomes_a_tree() {
        let filter = Filter::parse(
            "(&(objectCategory=person)(!(cn=svc-*))(userAccountControl:1.2.840.113556.1.4.803:=2))",
        );
        assert_eq!(
            filter,
            Ok(Filter::And(vec![
                Filter::equal("objectCategory", "person"),
                Filter::Not(Box::new(Filter::Substrings {
                    attribute: "cn".into(),
                    initial: Some(b"svc-".to_vec()),
                    any: vec![],
                    last: None,
                })),
                Filter::Extensible {
                    rule: Some("1.2.840.113556.1.4.803".into()),
                    attribute: Some("userAccountControl".into()),
                    value: b"2".to_vec(),
                    in_name: false,
                },
            ]))
        );
        assert_eq!(Filter::parse("cn=\\2a"), Ok(Filter::equal("cn", "*")));
        assert_eq!(
            Filter::parse("(uSNChanged>=7)"),
            Ok(Filter::AtLeast("uSNChanged".into(), b"7".to_vec()))
        );
        assert_eq!(Filter::parse("mail=*"), Ok(Filter::present("mail")));
    }

    #[test]
    fn a_text_that_is_no_filter_says_where() {
        insta::assert_snapshot!(Filter::parse("(&(cn=a)(sn))").unwrap_err(), @"`(&(cn=a)(sn))` is not an LDAP filter: not understood from `(sn))` on");
        assert!(Filter::parse("(cn=a").is_err());
        assert!(Filter::parse("(cn=\\zz)").is_err());
        assert!(Filter::parse(&"(!".repeat(10_000)).is_err());
    }

    #[test]
    fn a_value_goes_on_the_wire_as_it_is() {
        assert_eq!(
            wire(&Filter::equal("cn", "*)(")),
            b"\xa3\x09\x04\x02cn\x04\x03*)("
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[()&|!=*:<>~\\\\a-c0-9 ]{0,60}") {
            let _ = Filter::parse(&text).map(|filter| wire(&filter));
        }
    }
}
