//! Attributes of an object (a profile or an account): names, the dictionary that numbers them, and their
//! values in one compact piece of memory. What a value *means* does not belong here, see `syntax`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of an LDAP attribute. Compared without regard to case (RFC 4512, section 2.5), kept as written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttributeName(Arc<str>);

impl AttributeName {
    /// Takes a name as it is written in a document or sent by a server.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `name`, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

impl PartialEq for AttributeName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for AttributeName {}

impl Hash for AttributeName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl PartialOrd for AttributeName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AttributeName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let lower = |name: &Self| name.0.bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>();
        lower(self).cmp(&lower(other))
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for AttributeName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl schemars::JsonSchema for AttributeName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AttributeName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z][A-Za-z0-9-]*$",
            "description": "Name of an LDAP attribute, in any case."
        })
    }
}

/// Number of an attribute in a [`Dictionary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeIndex(pub u16);

/// The attributes one automation is about, numbered. Profiles and accounts of that automation share it, so
/// that they are compared number by number.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    names: Vec<AttributeName>,
}

impl Dictionary {
    /// A dictionary of these names; the same name in another case counts once.
    pub fn new<I: IntoIterator<Item = AttributeName>>(names: I) -> Self {
        let mut dictionary = Self::default();
        for name in names {
            dictionary.add(name);
        }
        dictionary
    }

    /// The number of `name`, which is added when it is new. At most 65,535 names are kept.
    pub fn add(&mut self, name: AttributeName) -> AttributeIndex {
        self.index(name.as_str()).unwrap_or_else(|| {
            self.names.push(name);
            AttributeIndex(u16::try_from(self.names.len() - 1).unwrap_or(u16::MAX))
        })
    }

    /// The number of `name`, in any case.
    pub fn index(&self, name: &str) -> Option<AttributeIndex> {
        let at = self.names.iter().position(|known| known.is(name))?;
        u16::try_from(at).ok().map(AttributeIndex)
    }

    /// The name with this number.
    pub fn name(&self, index: AttributeIndex) -> Option<&AttributeName> {
        self.names.get(usize::from(index.0))
    }

    /// All names, in the order of their numbers.
    pub fn names(&self) -> &[AttributeName] {
        &self.names
    }
}

/// The values of an object's attributes in two allocations, ordered by attribute number. An attribute without
/// a value is absent, and an empty value is no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    text: Box<str>,
    spans: Box<[Span]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    end: u32,
    attribute: AttributeIndex,
}

impl Attributes {
    /// The values of one attribute in the order in which they came; none when it is absent.
    pub fn get(&self, attribute: AttributeIndex) -> impl Iterator<Item = &str> + Clone {
        let first = self.spans.partition_point(|span| span.attribute < attribute);
        let after = first
            + self
                .spans
                .get(first..)
                .unwrap_or_default()
                .partition_point(|span| span.attribute == attribute);
        (first..after).filter_map(move |at| self.value(at))
    }

    /// The first value of an attribute.
    pub fn first(&self, attribute: AttributeIndex) -> Option<&str> {
        self.get(attribute).next()
    }

    /// Every value with its attribute, ordered by attribute.
    pub fn iter(&self) -> impl Iterator<Item = (AttributeIndex, &str)> {
        self.spans
            .iter()
            .enumerate()
            .filter_map(|(at, span)| Some((span.attribute, self.value(at)?)))
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// A hash of names' numbers and values, for telling whether anything changed since it was last taken.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        hasher.update(self.text.as_bytes());
        for span in &self.spans {
            hasher.update(&span.end.to_le_bytes());
            hasher.update(&span.attribute.0.to_le_bytes());
        }
        hasher.digest()
    }

    fn value(&self, at: usize) -> Option<&str> {
        let start = match at.checked_sub(1) {
            Some(before) => self.spans.get(before)?.end,
            None => 0,
        };
        self.text.get(start as usize..self.spans.get(at)?.end as usize)
    }
}

/// Collects values in any order and packs them into [`Attributes`]. It can be used again after
/// [`finish`](Self::finish) and then allocates only what it gives away.
#[derive(Debug, Default)]
pub struct AttributesBuilder {
    text: String,
    spans: Vec<Span>,
    ordered: bool,
}

impl AttributesBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self {
            ordered: true,
            ..Self::default()
        }
    }

    /// Adds a value; an empty one is left out, since LDAP has no empty values.
    pub fn push(&mut self, attribute: AttributeIndex, value: &str) {
        if value.is_empty() {
            return;
        }
        self.text.push_str(value);
        self.ordered &= self.spans.last().is_none_or(|last| last.attribute <= attribute);
        self.spans.push(Span {
            end: u32::try_from(self.text.len()).unwrap_or(u32::MAX),
            attribute,
        });
    }

    /// Packs what was collected and empties the builder.
    pub fn finish(&mut self) -> Attributes {
        if !self.ordered {
            self.sort();
        }
        let packed = Attributes {
            text: self.text.as_str().into(),
            spans: self.spans.as_slice().into(),
        };
        self.text.clear();
        self.spans.clear();
        self.ordered = true;
        packed
    }

    fn sort(&mut self) {
        let unsorted = Attributes {
            text: std::mem::take(&mut self.text).into_boxed_str(),
            spans: std::mem::take(&mut self.spans).into_boxed_slice(),
        };
        let mut values: Vec<_> = unsorted.iter().collect();
        values.sort_by_key(|(attribute, _)| *attribute);
        for (attribute, value) in values {
            self.text.push_str(value);
            self.spans.push(Span {
                end: u32::try_from(self.text.len()).unwrap_or(u32::MAX),
                attribute,
            });
        }
    }
}

impl FromIterator<(AttributeIndex, String)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (AttributeIndex, String)>>(values: I) -> Self {
        let mut builder = AttributesBuilder::new();
        for (attribute, value) in values {
            builder.push(attribute, &value);
        }
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case() {
        let dictionary = Dictionary::new(["mail".into(), "sn".into(), "MAIL".into()]);
        assert_eq!(dictionary.names().len(), 2);
        assert_eq!(dictionary.index("Mail"), Some(AttributeIndex(0)));
    }

    #[test]
    fn values_pushed_in_any_order_come_back_by_attribute() {
        let mut builder = AttributesBuilder::new();
        builder.push(AttributeIndex(2), "c");
        builder.push(AttributeIndex(0), "ä");
        builder.push(AttributeIndex(2), "d");
        builder.push(AttributeIndex(1), "");
        let attributes = builder.finish();
        assert_eq!(attributes.get(AttributeIndex(2)).collect::<Vec<_>>(), ["c", "d"]);
        assert_eq!(attributes.first(AttributeIndex(0)), Some("ä"));
        assert_eq!(attributes.first(AttributeIndex(1)), None);
        builder.push(AttributeIndex(0), "again");
        assert_eq!(builder.finish().first(AttributeIndex(0)), Some("again"));
    }
}
