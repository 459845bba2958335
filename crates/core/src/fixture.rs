//! Fixtures tried: a person's records go through the same join and mapping as in a run, and what comes of them is
//! compared with what the document expects.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::attribute::{AttributeIndex, AttributeName};
use crate::compile::{CompileError, compile_source};
use crate::document::{
    Document, Documents, Expectation, ExpectedState, ExpectedValues, Fixture, OneOrMany, Scalar,
};
use crate::expression::{Evaluated, Scope};
use crate::join::{FetchedRecord, Join, Joined, Known, Reading};
use crate::profile::Profile;

/// What the records of a source that reads a file are called in fixtures.
pub const FILE: &str = "file";

/// What came of a fixture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Its name.
    pub fixture: String,
    /// The data source whose mapping was tried.
    pub source: String,
    /// What is not as expected; none when it passed.
    pub differences: Vec<Difference>,
}

/// Something that is not as a fixture expects it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about: an attribute, `lifecycle`, `key`, or `problems`.
    pub what: String,
    /// What was expected; none when no value was.
    pub expected: Vec<String>,
    /// What was found.
    pub found: Vec<String>,
    /// Why, as far as it can be told.
    pub why: String,
}

/// Tries a fixture. `present` is the moment for those that say none.
///
/// # Errors
/// The data source cannot be used.
pub fn try_fixture(
    documents: &Documents,
    fixture: &Fixture,
    present: Timestamp,
) -> Result<Tried, CompileError> {
    let trial = Trial::new(documents, fixture, present)?;
    Ok(Tried {
        fixture: fixture.name.clone(),
        source: fixture.source.clone(),
        differences: trial.compare(&fixture.expect),
    })
}

/// The fixture that describes what comes of records now. `records` are whole records by endpoint.
///
/// # Errors
/// The data source cannot be used.
pub fn make_fixture(
    documents: &Documents,
    name: &str,
    source: &str,
    records: BTreeMap<String, OneOrMany<serde_json::Map<String, serde_json::Value>>>,
    now: Timestamp,
) -> Result<Fixture, CompileError> {
    let mut fixture = Fixture {
        name: name.to_owned(),
        description: None,
        source: source.to_owned(),
        now: Some(now.to_string()),
        records,
        expect: Expectation::default(),
    };
    let trial = Trial::new(documents, &fixture, now)?;
    fixture.expect = trial.expectation();
    Ok(fixture)
}

/// The document that a fixture is, as YAML.
///
/// # Errors
/// It cannot be written, which no fixture that was read or made is.
pub fn yaml(fixture: &Fixture) -> Result<String, String> {
    let document = Document::Fixture(fixture.clone());
    serde_saphyr::to_string(&document).map_err(|error| error.to_string())
}

/// The moment that a text writes; a day is its first moment in UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let day: Date = text.parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
    })
}

/// A fixture that went through join and mapping.
struct Trial {
    reading: Reading,
    joined: Joined,
    /// What is remembered of the records, to look closer at what differs.
    kept: Vec<FetchedRecord>,
    now: Timestamp,
}

impl Trial {
    fn new(documents: &Documents, fixture: &Fixture, present: Timestamp) -> Result<Self, CompileError> {
        let at = || format!("fixture `{}`", fixture.name);
        let now = match &fixture.now {
            None => present,
            Some(text) => moment(text).ok_or_else(|| CompileError {
                at: format!("{}, now", at()),
                why: format!("`{text}` is no moment; write `2026-11-30T09:00:00Z` or `2026-11-30`"),
            })?,
        };
        let reading = compile_source(documents, &fixture.source)?;
        let is_file = documents
            .data_source(&fixture.source)
            .is_some_and(|source| source.file.is_some());
        let known = Known::default();
        let mut kept = Vec::new();
        let mut join = Join::new(&reading, &known, now);
        let mut keep = |record| kept.push(record);
        for (name, records) in &fixture.records {
            let place = if is_file && name == FILE {
                Some(0)
            } else {
                reading
                    .endpoints
                    .iter()
                    .position(|endpoint| endpoint.name == *name)
            };
            let Some(place) = place.and_then(|place| u16::try_from(place).ok()) else {
                return Err(CompileError {
                    at: format!("{}, records.{name}", at()),
                    why: format!("data_source `{}` does not fetch `{name}`", fixture.source),
                });
            };
            for record in records.as_slice() {
                let raw = serde_json::to_vec(record).unwrap_or_default();
                join.record(place, &raw, &mut keep);
            }
        }
        let joined = join.finish(&mut keep);
        Ok(Self {
            reading,
            joined,
            kept,
            now,
        })
    }

    fn profile(&self) -> Option<&Profile> {
        match self.joined.profiles.as_slice() {
            [(_, profile)] => Some(profile),
            _ => None,
        }
    }

    fn compare(&self, expect: &Expectation) -> Vec<Difference> {
        let mut differences = self.problems(&expect.problems);
        let Some(profile) = self.profile() else {
            let wanted = expect.key.is_some()
                || !expect.attributes.is_empty()
                || !expect.absent.is_empty()
                || expect.lifecycle.is_some();
            if wanted {
                differences.push(Difference {
                    what: "person".to_owned(),
                    expected: vec!["one person".to_owned()],
                    found: vec![match self.joined.profiles.len() {
                        0 => "nobody".to_owned(),
                        several => format!("{several} people"),
                    }],
                    why: match self.joined.findings.first() {
                        Some(finding) => finding.text.clone(),
                        None => "the records have different keys".to_owned(),
                    },
                });
            }
            return differences;
        };
        if let Some(key) = &expect.key
            && key.0 != profile.key.as_str()
        {
            let key_from = self
                .reading
                .endpoints
                .iter()
                .map(|endpoint| endpoint.key.source());
            differences.push(Difference {
                what: "key".to_owned(),
                expected: vec![key.0.clone()],
                found: vec![profile.key.to_string()],
                why: format!("it comes from `{}`", key_from.collect::<Vec<_>>().join("`, `")),
            });
        }
        let state = ExpectedState::from(&profile.lifecycle);
        if let Some(expected) = expect.lifecycle.filter(|expected| *expected != state) {
            differences.push(Difference {
                what: "lifecycle".to_owned(),
                expected: vec![expected.to_string()],
                found: vec![state.to_string()],
                why: self.why_state(profile),
            });
        }
        let none = ExpectedValues(Vec::new());
        let absent = expect.absent.iter().map(|name| (name, &none));
        for (name, expected) in expect.attributes.iter().chain(absent) {
            differences.extend(self.attribute(profile, name, &expected.0));
        }
        differences
    }

    fn attribute(&self, profile: &Profile, name: &AttributeName, expected: &[String]) -> Option<Difference> {
        let index = self.reading.dictionary.index(name.as_str());
        let found: Vec<String> = index
            .map(|index| profile.attributes.get(index).map(str::to_owned).collect())
            .unwrap_or_default();
        let ordered = |values: &[String]| {
            let mut values = values.to_vec();
            values.sort_unstable();
            values
        };
        if ordered(expected) == ordered(&found) {
            return None;
        }
        Some(Difference {
            what: name.to_string(),
            expected: expected.to_vec(),
            why: self.why_value(name, index),
            found,
        })
    }

    /// From what an attribute's value comes, and which input was missing when there is none.
    fn why_value(&self, name: &AttributeName, index: Option<AttributeIndex>) -> String {
        let mapped = self
            .reading
            .mapping
            .attributes
            .iter()
            .find(|(mapped, _)| Some(*mapped) == index);
        let Some((_, format)) = mapped else {
            return format!("the data source does not map `{name}`");
        };
        let columns = self
            .kept
            .first()
            .and_then(|kept| self.reading.projection.read(kept.columns.as_bytes()).ok());
        let Some(columns) = columns else {
            return format!("it comes from `{}`", format.source());
        };
        let scope = Scope::of_names(&columns)
            .with_lookups(&self.reading.mapping.lookups)
            .with_now(self.now);
        match format.evaluate(&scope) {
            Ok(Evaluated::Nothing { missing }) if missing == format.source() => {
                format!("the record has no `{missing}`")
            }
            Ok(Evaluated::Nothing { missing }) => {
                format!(
                    "it comes from `{}`, and `{missing}` has no value",
                    format.source()
                )
            }
            Ok(Evaluated::Values(_)) => format!("it comes from `{}`", format.source()),
            Err(error) => error.to_string(),
        }
    }

    fn why_state(&self, profile: &Profile) -> String {
        use crate::lifecycle::Lifecycle;
        let mapping = &self.reading.mapping;
        let source = |format: &Option<crate::expression::Format>| {
            format
                .as_ref()
                .map(|format| format.source().to_owned())
                .unwrap_or_default()
        };
        match profile.lifecycle {
            Lifecycle::Active { until: Some(until) } => format!("at {} until {until}", self.now),
            Lifecycle::Active { until: None } => match &mapping.active {
                Some(condition) => format!("`{}` holds at {}", condition.source(), self.now),
                None => "the data source says no `active`".to_owned(),
            },
            Lifecycle::Upcoming { starts } => {
                format!("at {}; `{}` gives {starts}", self.now, source(&mapping.starts))
            }
            Lifecycle::Ended { since } => {
                format!(
                    "at {}; `{}` gives an end at {since}",
                    self.now,
                    source(&mapping.ends)
                )
            }
            Lifecycle::Inactive => match &mapping.active {
                Some(condition) => format!("`{}` does not hold", condition.source()),
                None => String::new(),
            },
        }
    }

    /// Problems that were expected and did not come, and those that came unexpected.
    fn problems(&self, expected: &[String]) -> Vec<Difference> {
        let texts: Vec<&str> = self
            .joined
            .findings
            .iter()
            .map(|finding| finding.text.as_str())
            .collect();
        let difference = |expected: Vec<String>, found: Vec<String>, why: &str| Difference {
            what: "problems".to_owned(),
            expected,
            found,
            why: why.to_owned(),
        };
        let mut differences = Vec::new();
        for part in expected
            .iter()
            .filter(|part| !texts.iter().any(|text| text.contains(part.as_str())))
        {
            let found = texts.iter().map(|text| (*text).to_owned()).collect();
            differences.push(difference(
                vec![part.clone()],
                found,
                "no problem that was found says so",
            ));
        }
        for text in texts
            .iter()
            .filter(|text| !expected.iter().any(|part| text.contains(part.as_str())))
        {
            differences.push(difference(
                Vec::new(),
                vec![(*text).to_owned()],
                "`expect.problems` does not name it",
            ));
        }
        differences
    }

    /// What comes of the records, as an expectation.
    fn expectation(&self) -> Expectation {
        let problems = self
            .joined
            .findings
            .iter()
            .map(|finding| finding.text.clone())
            .collect();
        let Some(profile) = self.profile() else {
            return Expectation {
                problems,
                ..Expectation::default()
            };
        };
        let mut attributes: BTreeMap<AttributeName, ExpectedValues> = BTreeMap::new();
        let mut absent = Vec::new();
        for (index, _) in &self.reading.mapping.attributes {
            let Some(name) = self.reading.dictionary.name(*index) else {
                continue;
            };
            let values: Vec<String> = profile.attributes.get(*index).map(str::to_owned).collect();
            if values.is_empty() {
                absent.push(name.clone());
            } else {
                attributes.insert(name.clone(), ExpectedValues(values));
            }
        }
        Expectation {
            key: Some(Scalar(profile.key.to_string())),
            attributes,
            absent,
            lifecycle: Some(ExpectedState::from(&profile.lifecycle)),
            problems,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{check, load};

    const SOURCE: &str = "
kind: application
name: hr
endpoints:
  - { name: people, url: https://hr.example.com/people }
  - { name: jobs, url: https://hr.example.com/jobs }
---
kind: data_source
name: employees
application: hr
endpoints: [{ endpoint: people, primary_key: id }, { endpoint: jobs, primary_key: person }]
attributes:
  employeeID: id
  sn: last
  displayName: \"{{ first }} {{ middle }} {{ last }}\"
  postalCode: zip
  otherMailbox: mails
  mail: mails[0]
lifecycle: { active: \"status != 'gone'\", starts: start, ends: end, time_zone: Europe/Berlin }
---
";

    fn documents(fixture: &str) -> Documents {
        let (documents, errors) = load(&[("hr.yaml".to_owned(), format!("{SOURCE}{fixture}"))]);
        assert!(errors.is_empty(), "{errors:?}");
        documents
    }

    /// The differences of the one fixture, as lines.
    fn tried(fixture: &str) -> String {
        let documents = documents(fixture);
        let fixture = documents.fixtures().next().unwrap();
        let tried = try_fixture(&documents, fixture, "2026-12-01T00:00:00Z".parse().unwrap()).unwrap();
        let line = |one: &Difference| {
            format!(
                "{}: expected {:?}, found {:?}: {}",
                one.what, one.expected, one.found, one.why
            )
        };
        tried.differences.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    const ADA: &str = "
kind: fixture
name: ada
source: employees
now: 2026-11-30
records:
  people: { id: 7, first: Ada, middle: null, last: Lovelace, zip: '01067', mails: [b@x.org, a@x.org], status: here }
  jobs: { person: 7, start: 2026-01-01 }
expect:
";

    #[test]
    fn a_person_who_comes_out_as_expected_passes() {
        let expect = "  key: 7\n  attributes: { SN: Lovelace, postalCode: 01067, otherMailbox: [a@x.org, b@x.org] }\n  \
                      absent: [displayName]\n  lifecycle: active\n";
        assert_eq!(tried(&format!("{ADA}{expect}")), "");
    }

    #[test]
    fn every_difference_says_what_was_found_and_why() {
        let expect = "  key: 8\n  attributes: { displayName: Ada Lovelace, sn: Byron, title: Countess }\n  \
                      absent: [mail]\n  lifecycle: upcoming\n  problems: [no key]\n";
        insta::assert_snapshot!(tried(&format!("{ADA}{expect}")), @r#"
        problems: expected ["no key"], found []: no problem that was found says so
        key: expected ["8"], found ["7"]: it comes from `id`, `person`
        lifecycle: expected ["upcoming"], found ["active"]: `status != 'gone'` holds at 2026-11-30T00:00:00Z
        displayName: expected ["Ada Lovelace"], found []: it comes from `{{ first }} {{ middle }} {{ last }}`, and `middle` has no value
        sn: expected ["Byron"], found ["Lovelace"]: it comes from `last`
        title: expected ["Countess"], found []: the data source does not map `title`
        mail: expected [], found ["b@x.org"]: it comes from `mails[0]`
        "#);
    }

    #[test]
    fn records_that_make_nobody_are_told_unless_that_is_expected() {
        let alone = "
kind: fixture
name: nobody
source: employees
records: { people: [{ first: Ada }, { id: 7 }] }
expect: { problems: [record 1 of `people` has no key, no record with the key `7` in `jobs`] }
";
        assert_eq!(tried(alone), "");
        let wanted = alone.replace(
            "problems: [record 1 of `people` has no key, no record",
            "lifecycle: active, problems: [no record",
        );
        insta::assert_snapshot!(tried(&wanted), @r#"
        problems: expected [], found ["record 1 of `people` has no key and is left out: `id` has no value, only `first` has"]: `expect.problems` does not name it
        person: expected ["one person"], found ["nobody"]: record 1 of `people` has no key and is left out: `id` has no value, only `first` has
        "#);
    }

    #[test]
    fn a_fixture_that_was_made_of_records_passes_and_is_read_again() {
        let base = documents(&format!("{ADA}  key: 7"));
        let ada = base.fixtures().next().unwrap();
        let now = "2026-11-30T00:00:00Z".parse().unwrap();
        let made = make_fixture(&base, "made", "employees", ada.records.clone(), now).unwrap();
        assert_eq!(made.expect.absent, [AttributeName::new("displayName")]);
        let text = yaml(&made).unwrap();
        let documents = documents(&format!("{ADA}  key: 7\n---\n{text}"));
        assert_eq!(check(&documents), []);
        let made = documents.fixture("made").unwrap();
        assert_eq!(try_fixture(&documents, made, now).unwrap().differences, []);
    }

    #[test]
    fn the_record_of_a_file_is_called_so() {
        let text = "
kind: data_source
name: staff
file: { path: staff.csv, format: csv, primary_key: Nr }
attributes: { sn: Name }
---
kind: fixture
name: one
source: staff
records: { file: { Nr: '7', Name: Byron } }
expect: { key: 7, attributes: { sn: Byron } }
---
kind: fixture
name: two
source: staff
records: { staff: { Nr: '7' } }
expect: { key: 7 }
";
        let (documents, errors) = load(&[("staff.yaml".to_owned(), text.to_owned())]);
        assert!(errors.is_empty(), "{errors:?}");
        let now = Timestamp::UNIX_EPOCH;
        let tried = |name| try_fixture(&documents, documents.fixture(name).unwrap(), now);
        assert_eq!(tried("one").unwrap().differences, []);
        let error = tried("two").unwrap_err().to_string();
        assert_eq!(
            error,
            "fixture `two`, records.staff: data_source `staff` does not fetch `staff`"
        );
        assert_eq!(check(&documents).len(), 1);
    }

    #[test]
    fn fixtures_change_nothing_that_runs() {
        assert_eq!(
            documents("").digest(),
            documents(&format!("{ADA}  key: 7")).digest()
        );
    }

    #[test]
    fn what_is_wrong_with_a_fixture_is_told_where_it_is() {
        let wrong = "
kind: fixture
name: ada
source: employees
now: soon
records: { persons: { id: 7 } }
expect: { attributes: { title: x, sn: y }, absent: [sn] }
";
        let told = check(&documents(wrong));
        let lines: Vec<_> = told
            .iter()
            .map(|error| format!("{}: {}; {}", error.path, error.found, error.hint))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        now: `soon`, which is no moment; write `2026-11-30T09:00:00Z` or `2026-11-30`
        records.persons: `persons`, which data_source `employees` does not fetch; write `people` or `jobs`
        expect.attributes.title: `title`, to which data_source `employees` gives no value; map it in `attributes` of data_source `employees`
        expect.attributes.sn: `sn`, which `absent` names too; keep one of them
        ");
    }
}
