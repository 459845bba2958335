//! Finds the records in an answer without reading them: one pass over the text that gives each record's place, and
//! the number of all records where the answer says it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::path::{MemberPath, Reach};

/// Where an endpoint's answers have what.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The list of records, or the only one.
    pub(super) records: MemberPath,
    /// The number of all records.
    pub(super) total: Option<MemberPath>,
    /// What leads to the next page: a cursor or a link.
    pub(super) next: Option<MemberPath>,
    /// Where changes from then on are told.
    pub(super) delta: Option<MemberPath>,
}

/// What is in an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// The place of each record, in order.
    pub(super) records: Vec<Range<u32>>,
    /// How many there are in all, as the answer says.
    pub(super) total: Option<u64>,
    /// What leads to the next page, as the answer says.
    pub(super) next: Option<String>,
    /// Where changes from now on are told, as the answer says.
    pub(super) delta: Option<String>,
}

/// Why an answer cannot be split.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitError {
    /// It is no text.
    #[error("it is not UTF-8 from byte {at}")]
    Encoding { at: usize },
    /// It is no JSON, or not all of it.
    #[error("it is not JSON: {why}")]
    Json { why: String },
    /// Nothing is where the records should be.
    #[error("it has nothing at `{path}`{}", among(names))]
    Absent { path: String, names: Vec<String> },
    /// What is there is no list.
    #[error("`{path}` is {kind}, not a list")]
    NoList { path: String, kind: &'static str },
    /// What is there is no record.
    #[error("`{path}` is {kind}, not one record; a list of them is written `{path}[*]`")]
    NoRecord { path: String, kind: &'static str },
    /// What should be the number of all records is something else.
    #[error("`{path}` is {kind}, not a number")]
    NoNumber { path: String, kind: &'static str },
    /// What should lead to the next page is something else.
    #[error("`{path}` is {kind}, not a text or whole number")]
    NoNext { path: String, kind: &'static str },
    /// It is another kind of text than was asked for.
    #[error("it is `{kind}`, not {wanted}")]
    Kind { kind: String, wanted: &'static str },
    /// It is not in the encoding that it should be in.
    #[error("it is not {encoding}")]
    Charset { encoding: &'static str },
    /// It is no XML, or not all of it.
    #[error("it is not XML: {why}")]
    Xml { why: String },
    /// It is no table, or not a whole one.
    #[error("it is not a whole table: {why}")]
    Table { why: String },
    /// It is compressed, and cannot be decompressed.
    #[error("it cannot be decompressed: {why}")]
    Compression { why: String },
    /// It is longer than allowed once it is decompressed or turned into records.
    #[error("it is larger than {} MiB once it is unpacked", limit >> 20)]
    Size { limit: u64 },
    /// Places in it cannot be told.
    #[error("it is longer than 4 GiB")]
    Length,
}

fn among(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!(", only {}", names.join(", "))
    }
}

/// Splits an answer.
pub(super) fn split(body: &[u8], layout: &Layout) -> Result<Contents, SplitError> {
    if u32::try_from(body.len()).is_err() {
        return Err(SplitError::Length);
    }
    let text = std::str::from_utf8(body).map_err(|error| SplitError::Encoding {
        at: error.valid_up_to(),
    })?;
    let mut found = Found {
        base: text.as_ptr().addr(),
        reach: layout.records.reach(),
        records: AtRecords::Nothing,
        total: None,
        no_number: None,
        next: None,
        no_next: None,
        delta: None,
    };
    let wanted = Wanted {
        records: Some(layout.records.names()),
        total: layout.total.as_ref().map(MemberPath::names),
        next: layout.next.as_ref().map(MemberPath::names),
        delta: layout.delta.as_ref().map(MemberPath::names),
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let end = Walk {
        wanted,
        found: &mut found,
    }
    .deserialize(&mut reader)
    .and_then(|()| reader.end());
    end.map_err(|error| SplitError::Json {
        why: error.to_string(),
    })?;
    let path = || layout.records.to_string();
    let records = match found.records {
        AtRecords::List(records) => records,
        AtRecords::Other(kind) => {
            return Err(match layout.records.reach() {
                Reach::Items => SplitError::NoList { path: path(), kind },
                Reach::One => SplitError::NoRecord { path: path(), kind },
            });
        }
        AtRecords::Nothing => {
            return Err(SplitError::Absent {
                path: path(),
                names: outer_names(text),
            });
        }
    };
    if let (Some(kind), Some(path)) = (found.no_number, &layout.total) {
        return Err(SplitError::NoNumber {
            path: path.to_string(),
            kind,
        });
    }
    if let (Some(kind), Some(path)) = (found.no_next, &layout.next) {
        return Err(SplitError::NoNext {
            path: path.to_string(),
            kind,
        });
    }
    Ok(Contents {
        records,
        total: found.total,
        next: found.next,
        delta: found.delta,
    })
}

struct Found {
    /// The address of the text, which each record's own is measured from.
    base: usize,
    /// Whether the records are in a list.
    reach: Reach,
    records: AtRecords,
    total: Option<u64>,
    /// What was where the number should be.
    no_number: Option<&'static str>,
    next: Option<String>,
    /// What was where that should be.
    no_next: Option<&'static str>,
    delta: Option<String>,
}

impl Found {
    /// Where a record is in the text.
    fn place<E: serde::de::Error>(&self, record: &RawValue) -> Result<Range<u32>, E> {
        let start = record.get().as_ptr().addr() - self.base;
        let place = |at| u32::try_from(at).map_err(E::custom);
        Ok(place(start)?..place(start + record.get().len())?)
    }
}

enum AtRecords {
    Nothing,
    List(Vec<Range<u32>>),
    Other(&'static str),
}

/// What is left of the paths at a value: none when it is not on the way, nothing left when it is the one.
#[derive(Clone, Copy)]
struct Wanted<'p> {
    records: Option<&'p [String]>,
    total: Option<&'p [String]>,
    next: Option<&'p [String]>,
    delta: Option<&'p [String]>,
}

impl Wanted<'_> {
    fn within(self, name: &str) -> Self {
        fn step<'p>(path: Option<&'p [String]>, name: &str) -> Option<&'p [String]> {
            path?
                .split_first()
                .filter(|(first, _)| *first == name)
                .map(|(_, rest)| rest)
        }
        Self {
            records: step(self.records, name),
            total: step(self.total, name),
            next: step(self.next, name),
            delta: step(self.delta, name),
        }
    }
}

/// Walks down to what is wanted and over everything else.
struct Walk<'p, 'f> {
    wanted: Wanted<'p>,
    found: &'f mut Found,
}

impl Walk<'_, '_> {
    fn are_records(&self) -> bool {
        self.wanted.records.is_some_and(<[String]>::is_empty)
    }

    /// Takes a value as the only record.
    fn one<'de, D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        let record = <&RawValue>::deserialize(reader)?;
        self.found.records = match record.get().as_bytes().first() {
            Some(b'{') => AtRecords::List(vec![self.found.place(record)?]),
            Some(b'[') => AtRecords::Other("a list"),
            Some(b'"') => AtRecords::Other("a text"),
            Some(b'n') => AtRecords::Other("null"),
            Some(b't' | b'f') => AtRecords::Other("true or false"),
            _ => AtRecords::Other("a number"),
        };
        Ok(())
    }

    /// Takes note of a value that is neither list nor object.
    fn plain(self, kind: &'static str, number: Option<u64>, next: AtNext) {
        if self.are_records() {
            self.found.records = AtRecords::Other(kind);
        }
        if self.wanted.total.is_some_and(<[String]>::is_empty) {
            self.found.total = number;
            self.found.no_number = number.is_none().then_some(kind);
        }
        if let (Some([]), AtNext::Text(text)) = (self.wanted.delta, &next) {
            self.found.delta = Some(text.clone()).filter(|text| !text.is_empty());
        }
        if self.wanted.next.is_some_and(<[String]>::is_empty) {
            self.found.no_next = matches!(next, AtNext::Unfit).then_some(kind);
            self.found.next = match next {
                AtNext::Text(text) if !text.is_empty() => Some(text),
                _ => None,
            };
        }
    }
}

/// What a value is as that which leads to the next page.
enum AtNext {
    Text(String),
    /// None, which says that this was the last.
    Nothing,
    Unfit,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        match self.wanted {
            Wanted {
                records: None,
                total: None,
                next: None,
                delta: None,
            } => reader.deserialize_ignored_any(IgnoredAny).map(drop),
            _ if self.found.reach == Reach::One && self.are_records() => self.one(reader),
            _ => reader.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { wanted, found } = self;
        while let Some(wanted) = members.next_key_seed(Name(wanted))? {
            members.next_value_seed(Walk { wanted, found })?;
        }
        Walk { wanted, found }.plain("an object", None, AtNext::Unfit);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if !self.are_records() {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            self.plain("a list", None, AtNext::Unfit);
            return Ok(());
        }
        let mut records = Vec::with_capacity(128);
        while let Some(record) = items.next_element::<&RawValue>()? {
            records.push(self.found.place(record)?);
        }
        self.found.records = AtRecords::List(records);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.plain("a number", Some(number), AtNext::Text(number.to_string()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.plain("a number below zero", None, AtNext::Text(number.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.plain("a number with a fraction", None, AtNext::Unfit);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let next = match (self.wanted.next, self.wanted.delta) {
            (Some([]), _) | (_, Some([])) => AtNext::Text(text.to_owned()),
            _ => AtNext::Nothing,
        };
        self.plain("a text", text.trim().parse().ok(), next);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.plain("true or false", None, AtNext::Unfit);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.plain("null", None, AtNext::Nothing);
        Ok(())
    }
}

/// What is wanted within the member whose name is read.
struct Name<'p>(Wanted<'p>);

impl<'de, 'p> DeserializeSeed<'de> for Name<'p> {
    type Value = Wanted<'p>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Wanted<'p>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for Name<'p> {
    type Value = Wanted<'p>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Wanted<'p>, E> {
        Ok(self.0.within(name))
    }
}

/// The names that the answer has instead, for the error.
fn outer_names(text: &str) -> Vec<String> {
    const SHOWN: usize = 12;
    let outer: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(text).ok();
    outer
        .unwrap_or_default()
        .into_keys()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect()
}
