//! XML turned into JSON records: an element becomes an object of its elements and, with `@`, its attributes, or a text
//! when it has neither; elements of the same name become a list. Prefixes of names are left out. Records are written
//! out as they end, so that only one of them is in memory as a tree.

use std::collections::BTreeSet;

use bytes::Bytes;
use encoding_rs::Encoding;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use serde_json::{Map, Value};

use super::answer::{Records, Shape, room};
use super::encoding;
use super::path::MemberPath;
use super::split::{Contents, SplitError};

/// The deepest element.
const DEEPEST: usize = 128;
/// The most values beside the records.
const MOST_BESIDE: usize = 200_000;

/// The encoding that a text declares in its first line.
pub(crate) fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let start = body.get(..body.len().min(200)).unwrap_or_default();
    let line = start.strip_prefix(b"<?xml")?;
    let line = String::from_utf8_lossy(line);
    let (line, _) = line.split_once("?>")?;
    let (_, value) = line.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    encoding::by_name(value.split(quote).nth(1)?)
}

/// Reads an answer.
pub(super) fn read(text: &str, shape: &Shape, most: u64) -> Result<Records, SplitError> {
    let mut reading = Reading::new(shape.layout.records.names(), most);
    reading.all(text)?;
    reading.finish(shape)
}

/// Reads the whole of an answer in which no records are looked for, within the same bounds.
pub(crate) fn read_whole(text: &str) -> Result<Value, SplitError> {
    // No element has an empty name, so that nothing is a record.
    let nowhere = [String::new()];
    let mut reading = Reading::new(&nowhere, 0);
    reading.all(text)?;
    match (reading.open.pop(), reading.open.is_empty()) {
        (Some(document), true) if !document.members.is_empty() => Ok(Value::Object(document.members)),
        _ => Err(wrong("it ends before all of its elements are closed")),
    }
}

fn wrong(why: impl Into<String>) -> SplitError {
    SplitError::Xml { why: why.into() }
}

/// What `&name;` stands for. Others than the five that XML itself has would have to be defined within the answer,
/// which is not looked at.
fn resolved(reference: &BytesRef<'_>) -> Result<String, SplitError> {
    let unknown = |name: &str| wrong(format!("`&{name};` is not known"));
    let name = reference.xml10_content();
    if let Some(character) = reference.resolve_char_ref().map_err(|_| unknown(&name))? {
        return Ok(character.to_string());
    }
    match name.as_ref() {
        "amp" => Ok("&".to_owned()),
        "lt" => Ok("<".to_owned()),
        "gt" => Ok(">".to_owned()),
        "quot" => Ok("\"".to_owned()),
        "apos" => Ok("'".to_owned()),
        other => Err(unknown(other)),
    }
}

/// An element that is not closed yet.
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
    place: Place,
    /// Whether it says that it has no value (`xsi:nil`).
    nil: bool,
    /// Whether it has elements, other than records, that have something within them.
    has_others: bool,
}

/// Where an element is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On the way to the records, so many names along.
    OnTheWay(usize),
    Record,
    WithinRecord,
    Beside,
}

impl Element {
    fn document() -> Self {
        Self::new(String::new(), Place::OnTheWay(0))
    }

    fn new(name: String, place: Place) -> Self {
        Self {
            name,
            members: Map::new(),
            text: String::new(),
            place,
            nil: false,
            has_others: false,
        }
    }

    fn add(&mut self, name: String, value: Value) {
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            // No element is a list by itself, so that this is one of several already.
            Some(Value::Array(several)) => several.push(value),
            Some(one) => {
                let first = one.take();
                *one = Value::Array(vec![first, value]);
            }
        }
    }

    fn into_value(mut self) -> Value {
        let text = self.text.trim();
        if self.members.is_empty() {
            return match text {
                "" if self.nil => Value::Null,
                text => Value::from(text),
            };
        }
        if !text.is_empty() {
            self.members.insert("#text".to_owned(), Value::from(text));
        }
        Value::Object(self.members)
    }
}

struct Reading<'p> {
    names: &'p [String],
    most: usize,
    limit: u64,
    /// The elements that are open, outermost first, with the document itself at the beginning.
    open: Vec<Element>,
    out: Vec<u8>,
    contents: Contents,
    /// How many values there are beside the records.
    beside: usize,
    /// How many elements were there that records would be in, and with what else in them.
    parents: usize,
    others: BTreeSet<String>,
}

impl<'p> Reading<'p> {
    fn new(names: &'p [String], most: u64) -> Self {
        Self {
            names,
            most: room(most).min(u32::MAX as usize),
            limit: most,
            open: vec![Element::document()],
            out: Vec::new(),
            contents: Contents {
                records: Vec::new(),
                total: None,
                next: None,
                delta: None,
            },
            beside: 0,
            parents: 0,
            others: BTreeSet::new(),
        }
    }

    fn all(&mut self, text: &str) -> Result<(), SplitError> {
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event().map_err(|error| wrong(error.to_string()))? {
                Event::Start(start) => self.start(&start)?,
                Event::Empty(start) => {
                    self.start(&start)?;
                    self.end()?;
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => self.text(&resolved(&reference)?)?,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
                Event::Eof => return Ok(()),
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), SplitError> {
        let name = start.local_name().as_ref().to_owned();
        if self.open.len() > DEEPEST {
            return Err(wrong(format!(
                "it has elements more than {DEEPEST} deep in each other"
            )));
        }
        let outermost = self.open.len() == 1;
        let before = self
            .open
            .first()
            .is_some_and(|document| !document.members.is_empty());
        if outermost && (before || !self.contents.records.is_empty()) {
            return Err(wrong("it has more than one outermost element"));
        }
        let outer = self.open.last().map_or(Place::Beside, |outer| outer.place);
        let place = match outer {
            Place::OnTheWay(along) if self.names.get(along).is_some_and(|wanted| *wanted == name) => {
                if along + 1 == self.names.len() {
                    Place::Record
                } else {
                    Place::OnTheWay(along + 1)
                }
            }
            Place::OnTheWay(_) | Place::Beside => Place::Beside,
            Place::Record | Place::WithinRecord => Place::WithinRecord,
        };
        let mut element = Element::new(name, place);
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| wrong(error.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| wrong(error.to_string()))?;
            let key = attribute.key;
            if key.as_namespace_binding().is_some() {
                continue;
            }
            let local = key.local_name();
            let local: &str = local.as_ref();
            // How a schema sees an element is not part of what it says.
            if key.prefix().is_some_and(|prefix| prefix.as_ref() == "xsi") {
                element.nil |= local == "nil" && matches!(value.trim(), "true" | "1");
                continue;
            }
            element.add(format!("@{local}"), Value::from(value.as_ref()));
            self.count(place)?;
        }
        self.open.push(element);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), SplitError> {
        match self.open.as_mut_slice() {
            [] | [_] if text.trim().is_empty() => Ok(()),
            [] | [_] => Err(wrong("there is text outside of its element")),
            [.., inner] => {
                inner.text.push_str(text);
                Ok(())
            }
        }
    }

    fn end(&mut self) -> Result<(), SplitError> {
        let Some(element) = self.open.pop().filter(|_| !self.open.is_empty()) else {
            return Err(wrong("something is closed that was never opened"));
        };
        let (name, place) = (element.name.clone(), element.place);
        if place == Place::OnTheWay(self.names.len().saturating_sub(1)) {
            self.parents += 1;
            if element.has_others {
                let names = element.members.keys().filter(|name| !name.starts_with('@'));
                self.others.extend(names.take(12).cloned());
            }
        }
        let value = element.into_value();
        if place == Place::Record {
            return self.record(&value);
        }
        self.count(place)?;
        let holds_more = value.is_object();
        if let Some(outer) = self.open.last_mut() {
            outer.has_others |= holds_more || outer.members.get(&name).is_some();
            outer.add(name, value);
        }
        Ok(())
    }

    fn record(&mut self, value: &Value) -> Result<(), SplitError> {
        let size = SplitError::Size { limit: self.limit };
        let start = self.out.len();
        // A record is an object, whatever it has.
        let written = match value {
            Value::Object(_) => serde_json::to_writer(&mut self.out, value),
            Value::Null => serde_json::to_writer(&mut self.out, &Map::new()),
            plain => {
                let object = Map::from_iter([("#text".to_owned(), plain.clone())]);
                serde_json::to_writer(&mut self.out, &object)
            }
        };
        match (written, u32::try_from(start), u32::try_from(self.out.len())) {
            (Ok(()), Ok(start), Ok(end)) if self.out.len() <= self.most => {
                self.contents.records.push(start..end);
                Ok(())
            }
            _ => Err(size),
        }
    }

    fn count(&mut self, place: Place) -> Result<(), SplitError> {
        if matches!(place, Place::OnTheWay(_) | Place::Beside) {
            self.beside += 1;
        }
        if self.beside > MOST_BESIDE {
            Err(wrong(format!(
                "it has more than {MOST_BESIDE} values beside its records"
            )))
        } else {
            Ok(())
        }
    }

    fn finish(mut self, shape: &Shape) -> Result<Records, SplitError> {
        let (Some(document), true) = (self.open.pop(), self.open.is_empty()) else {
            return Err(wrong("it ends before all of its elements are closed"));
        };
        if document.members.is_empty() && self.contents.records.is_empty() {
            return Err(wrong("it has no element"));
        }
        let rest = Value::Object(document.members);
        let path = &shape.layout.records;
        let known_empty = match &shape.layout.total {
            Some(total) => number(&rest, total)? == Some(0),
            None => false,
        };
        let without = self.parents > 0 && (self.others.is_empty() || known_empty);
        if self.contents.records.is_empty() && !without {
            let mut names: Vec<_> = self.others.iter().map(|name| format!("`{name}`")).collect();
            if names.is_empty() {
                names = inner_names(&rest);
            }
            return Err(SplitError::Absent {
                path: path.to_string(),
                names,
            });
        }
        self.contents.total = match &shape.layout.total {
            Some(total) => number(&rest, total)?,
            None => None,
        };
        self.contents.next = match &shape.layout.next {
            Some(next) => text(&rest, next)?,
            None => None,
        };
        let answer = if shape.keeps_answer {
            serde_json::value::to_raw_value(&rest).ok()
        } else {
            None
        };
        Ok(Records {
            body: Bytes::from(self.out),
            contents: self.contents,
            answer,
        })
    }
}

/// The names within the outermost element, with its own.
fn inner_names(rest: &Value) -> Vec<String> {
    let outer = rest.as_object().into_iter().flatten();
    outer
        .flat_map(|(name, value)| {
            let inner = value.as_object().into_iter().flat_map(Map::keys);
            let paths: Vec<_> = inner
                .filter(|inner| !inner.starts_with('@'))
                .map(|inner| format!("`{name}.{inner}`"))
                .collect();
            if paths.is_empty() {
                vec![format!("`{name}`")]
            } else {
                paths
            }
        })
        .take(12)
        .collect()
}

/// What is at a path; the text of an element that has attributes too.
fn at<'v>(rest: &'v Value, path: &MemberPath) -> Option<&'v Value> {
    let value = path
        .names()
        .iter()
        .try_fold(rest, |value, name| value.get(name))?;
    match value {
        Value::Object(members) => Some(members.get("#text").unwrap_or(value)),
        value => Some(value),
    }
}

fn number(rest: &Value, path: &MemberPath) -> Result<Option<u64>, SplitError> {
    let wrong = |kind| SplitError::NoNumber {
        path: path.to_string(),
        kind,
    };
    match at(rest, path) {
        None => Ok(None),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| wrong("a text")),
        Some(Value::Array(_)) => Err(wrong("a list")),
        Some(_) => Err(wrong("an element with others in it")),
    }
}

fn text(rest: &Value, path: &MemberPath) -> Result<Option<String>, SplitError> {
    let wrong = |kind| SplitError::NoNext {
        path: path.to_string(),
        kind,
    };
    match at(rest, path) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(Value::Array(_)) => Err(wrong("a list")),
        Some(_) => Err(wrong("an element with others in it")),
    }
}
