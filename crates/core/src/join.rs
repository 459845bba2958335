//! Join: raw records become people by their primary key. What is known already and has not changed is not even
//! parsed; what cannot be used is reported for that record alone.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::attribute::{AttributeIndex, AttributesBuilder, Dictionary};
use crate::expression::{Evaluated, Format, Scope};
use crate::fetching::{By, Extent, HighWater, Mark, Parts};
use crate::join_part::{Latest, Removed};
use crate::mapping::Mapping;
use crate::plan::{Finding, FindingKind};
use crate::profile::{PersonKey, Profile, RecordHash};
use crate::record::{Columns, Projection};

/// How the records of a data source are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The columns that matter.
    pub projection: Projection,
    /// The endpoints that are joined, in the order of the document.
    pub endpoints: Vec<KeyedEndpoint>,
    /// What the columns mean.
    pub mapping: Mapping,
    /// The attributes' names.
    pub dictionary: Dictionary,
    /// How parts of it are fetched; none when it always comes as a whole.
    pub parts: Option<Parts>,
}

/// An endpoint with where each record's key is.
#[derive(Clone, Debug)]
pub struct KeyedEndpoint {
    /// Its name, for findings.
    pub name: String,
    /// What gives the key.
    pub key: Format,
}

/// What is remembered of a record that came earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRecord {
    /// Whose it was.
    pub key: PersonKey,
    /// What it looked like.
    pub hash: RecordHash,
    /// Which of the first 64 mapped attributes had a value.
    pub filled: u64,
    /// Whether it was missing from a later, complete fetch.
    pub gone: bool,
}

/// All records known from earlier fetches, by key and by hash.
#[derive(Debug, Default)]
pub struct Known {
    records: Vec<KnownRecord>,
    pub(crate) by_hash: HashMap<RecordHash, u32>,
}

impl Known {
    /// Takes records that are ordered by key.
    pub fn new(records: Vec<KnownRecord>) -> Self {
        let by_hash = records
            .iter()
            .zip(0u32..)
            // A record that was gone has to be remembered anew, even as it was.
            .filter(|(record, _)| !record.gone)
            .map(|(record, at)| (record.hash, at))
            .collect();
        Self { records, by_hash }
    }

    /// The record at a place.
    pub fn at(&self, place: u32) -> Option<&KnownRecord> {
        self.records.get(place as usize)
    }

    /// How many were there when last seen.
    pub fn present(&self) -> u64 {
        self.records.iter().filter(|record| !record.gone).count() as u64
    }

    /// All of them, ordered by key.
    pub fn records(&self) -> &[KnownRecord] {
        &self.records
    }

    /// The place of a person's record.
    pub fn place(&self, key: &PersonKey) -> Option<u32> {
        let at = self.records.binary_search_by(|record| record.key.cmp(key)).ok()?;
        u32::try_from(at).ok()
    }
}

/// A record to be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedRecord {
    /// Whose it is.
    pub key: PersonKey,
    /// By what it is known again.
    pub hash: RecordHash,
    /// Which of the first 64 mapped attributes have a value.
    pub filled: u64,
    /// The columns that matter, as a JSON object.
    pub columns: String,
}

/// What a fetch amounts to.
#[derive(Debug, Default)]
pub struct Joined {
    /// New and changed people, each with the place of the record in the source.
    pub profiles: Vec<(u32, Profile)>,
    /// Places in what is known of records that are as they were, with the place in the source.
    pub unchanged: Vec<(u32, u32)>,
    /// For every known record whether its person is in the source, usable or not.
    pub seen: Vec<bool>,
    /// People in the source who were not known.
    pub new: HashSet<PersonKey>,
    /// Records and people who are left alone, and why.
    pub findings: Vec<Finding>,
    /// Records that came.
    pub records: u64,
    /// Records without a usable key.
    pub keyless: u64,
    /// Records that came more than once, which means that others may not have come at all.
    pub repeated: u64,
    /// How many people have a value, for each of the first 64 mapped attributes.
    pub filled: Vec<u64>,
    /// People of whom several different records came.
    pub ambiguous: u64,
    /// Records that say that somebody was removed.
    pub removed: Vec<Removed>,
    /// People whose records came new or changed in a part, each with what the source itself knows the record by.
    pub ids: Vec<(PersonKey, String)>,
    /// People who did not come in a part and are as they were.
    pub carried: u64,
    /// How far the fetch came, by the greatest value of a column; or why that cannot be told.
    pub mark: Option<Result<Option<Mark>, String>>,
    /// What makes it doubtful what became of somebody, so that everything has to be fetched.
    pub doubt: Option<String>,
}

/// Joins records while they come.
pub struct Join<'a> {
    pub(crate) reading: &'a Reading,
    pub(crate) known: &'a Known,
    now: Timestamp,
    builder: AttributesBuilder,
    /// Columns by key, of each endpoint, when there are several.
    parts: Vec<HashMap<PersonKey, String>>,
    /// Keys in the order in which the first endpoint had them.
    order: Vec<PersonKey>,
    /// People with several records of different content.
    ambiguous: HashSet<PersonKey>,
    /// The latest record of each in a part.
    pub(crate) latest: Option<Latest>,
    high: Option<Watching<'a>>,
    pub(crate) joined: Joined,
}

/// The greatest value of a column, while records come.
struct Watching<'a> {
    water: HighWater<'a>,
    /// Whether records that are as they were have been looked at before.
    knows_unchanged: bool,
}

impl<'a> Join<'a> {
    /// Starts with what is known.
    pub fn new(reading: &'a Reading, known: &'a Known, now: Timestamp) -> Self {
        let joined = Joined {
            seen: vec![false; known.records.len()],
            filled: vec![0; reading.mapping.attributes.len().min(64)],
            ..Joined::default()
        };
        Self {
            reading,
            known,
            now,
            builder: AttributesBuilder::new(),
            parts: reading.endpoints.iter().map(|_| HashMap::new()).collect(),
            order: Vec::new(),
            ambiguous: HashSet::new(),
            latest: None,
            high: None,
            joined,
        }
    }

    /// Says how much comes, and how far an earlier fetch came that asked for the same.
    #[must_use]
    pub fn with_extent(mut self, extent: Extent, before: Option<Mark>) -> Self {
        let reading = self.reading;
        self.latest = (extent == Extent::Part).then(Latest::default);
        self.high = match reading.parts.as_ref().map(|parts| &parts.by) {
            Some(By::Column(column, _)) => Some(Watching {
                knows_unchanged: before.is_some(),
                water: HighWater::new(column, before),
            }),
            _ => None,
        };
        self
    }

    /// Takes one record. What is to be remembered of it is given to `keep`.
    pub fn record(&mut self, endpoint: u16, raw: &[u8], keep: &mut dyn FnMut(FetchedRecord)) {
        let place = u32::try_from(self.joined.records).unwrap_or(u32::MAX);
        self.joined.records += 1;
        if self.reading.endpoints.len() > 1 {
            return self.part(endpoint, raw, place);
        }
        if self.latest.is_some() {
            return self.keep_latest(raw, place);
        }
        let hash = self.reading.projection.hash(raw);
        if let Some(known) = self.known.by_hash.get(&hash).copied() {
            if self.high.as_ref().is_some_and(|high| !high.knows_unchanged)
                && let Ok(columns) = self.reading.projection.read(raw)
            {
                self.watch(&columns);
            }
            return self.unchanged(known, place);
        }
        // Somebody who was removed is not there, which is all that a whole fetch has to say of them.
        match self.reading.says_removed(raw) {
            Ok(true) => {
                self.joined.records -= 1;
                return;
            }
            Ok(false) => {}
            Err(problem) => return self.unreadable(endpoint, place, &problem),
        }
        let Some((columns, key)) = self.keyed(endpoint, raw, place) else {
            return;
        };
        self.watch(&columns);
        if self.is_repeated(&key) {
            self.ambiguous.insert(key);
            return;
        }
        self.person(key, &columns, hash, place, keep);
    }

    /// Ends the fetch: people with several records are taken out, and parts of several endpoints are put together.
    pub fn finish(mut self, keep: &mut dyn FnMut(FetchedRecord)) -> Joined {
        if let Some(latest) = self.latest.take() {
            self.take_part(latest, keep);
        }
        self.joined.mark = self.high.take().map(|high| high.water.mark(self.now));
        self.joined.ambiguous = self.ambiguous.len() as u64;
        if self.reading.endpoints.len() > 1 {
            self.put_together(keep);
        }
        if !self.ambiguous.is_empty() {
            let (ambiguous, known) = (&self.ambiguous, self.known);
            self.joined
                .profiles
                .retain(|(_, profile)| !ambiguous.contains(&profile.key));
            self.joined.unchanged.retain(|(_, at)| {
                known
                    .at(*at)
                    .is_none_or(|record| !ambiguous.contains(&record.key))
            });
            let mut keys: Vec<PersonKey> = self.ambiguous.drain().collect();
            keys.sort_unstable();
            for key in keys {
                let text = format!(
                    "several different records have the key `{key}`; the person is left alone until only one does"
                );
                self.joined.findings.push(Finding {
                    person: Some(key),
                    kind: FindingKind::Record,
                    text,
                });
            }
        }
        self.joined
    }

    pub(crate) fn unchanged(&mut self, known: u32, place: u32) {
        let Some(seen) = self.joined.seen.get_mut(known as usize) else {
            return;
        };
        if std::mem::replace(seen, true) {
            self.joined.repeated += 1;
            return;
        }
        self.joined.unchanged.push((place, known));
        count_filled(
            &mut self.joined.filled,
            self.known.at(known).map_or(0, |record| record.filled),
        );
    }

    /// Whether somebody with this key came before in this fetch; takes note of the key.
    pub(crate) fn is_repeated(&mut self, key: &PersonKey) -> bool {
        match self
            .known
            .place(key)
            .and_then(|at| self.joined.seen.get_mut(at as usize))
        {
            Some(seen) => std::mem::replace(seen, true),
            None => !self.joined.new.insert(key.clone()),
        }
    }

    /// The columns and the key of a record, or a finding.
    pub(crate) fn keyed<'r>(
        &mut self,
        endpoint: u16,
        raw: &'r [u8],
        place: u32,
    ) -> Option<(Columns<'r>, PersonKey)>
    where
        'a: 'r,
    {
        let reading = self.reading;
        let from = reading.endpoints.get(usize::from(endpoint))?;
        let problem = match reading.projection.read(raw) {
            Err(error) => error.to_string(),
            Ok(columns) => {
                let key = match from.key.evaluate(&Scope::of_names(&columns)) {
                    Ok(Evaluated::Values(values)) => match values.as_slice() {
                        [key] => PersonKey::new(key).ok_or_else(|| unusable(from.key.source(), key)),
                        _ => Err(format!("`{}` has several values", from.key.source())),
                    },
                    Ok(Evaluated::Nothing { .. }) => Err(format!(
                        "`{}` has no value, {}",
                        from.key.source(),
                        what_it_has(&columns)
                    )),
                    Err(error) => Err(error.to_string()),
                };
                match key {
                    Ok(key) => return Some((columns, key)),
                    Err(problem) => problem,
                }
            }
        };
        self.unreadable(endpoint, place, &problem);
        None
    }

    /// Takes note of a record of which nobody can say whose it is.
    pub(crate) fn unreadable(&mut self, endpoint: u16, place: u32, problem: &str) {
        let from = self.reading.endpoints.get(usize::from(endpoint));
        self.joined.keyless += 1;
        let text = format!(
            "record {} of `{}` has no key and is left out: {problem}",
            place + 1,
            from.map(|from| from.name.as_str()).unwrap_or_default()
        );
        self.joined.findings.push(Finding {
            person: None,
            kind: FindingKind::Record,
            text,
        });
    }

    pub(crate) fn watch(&mut self, columns: &Columns<'_>) {
        if let Some(high) = &mut self.high {
            high.water.take(columns);
        }
    }

    pub(crate) fn person(
        &mut self,
        key: PersonKey,
        columns: &Columns<'_>,
        hash: RecordHash,
        place: u32,
        keep: &mut dyn FnMut(FetchedRecord),
    ) {
        match self
            .reading
            .map(key.clone(), columns, hash, self.now, &mut self.builder)
        {
            Err(finding) => {
                self.joined.findings.push(finding);
                // Where only what changed is fetched, it does not come again, and is told again from here.
                if self.reading.parts.is_some() {
                    keep(FetchedRecord {
                        key,
                        hash,
                        filled: 0,
                        columns: columns.to_json(),
                    });
                }
            }
            Ok((profile, filled)) => {
                count_filled(&mut self.joined.filled, filled);
                self.joined.profiles.push((place, profile));
                keep(FetchedRecord {
                    key,
                    hash,
                    filled,
                    columns: columns.to_json(),
                });
            }
        }
    }

    /// Keeps one endpoint's part of a person until all have come.
    fn part(&mut self, endpoint: u16, raw: &[u8], place: u32) {
        let Some((columns, key)) = self.keyed(endpoint, raw, place) else {
            return;
        };
        let json = columns.to_json();
        let Some(parts) = self.parts.get_mut(usize::from(endpoint)) else {
            return;
        };
        match parts.get(&key) {
            Some(before) if *before == json => self.joined.repeated += 1,
            Some(_) => {
                self.ambiguous.insert(key);
            }
            None => {
                if endpoint == 0 {
                    self.order.push(key.clone());
                }
                parts.insert(key, json);
            }
        }
    }

    fn put_together(&mut self, keep: &mut dyn FnMut(FetchedRecord)) {
        let (reading, parts) = (self.reading, std::mem::take(&mut self.parts));
        let mut order = std::mem::take(&mut self.order);
        let first: HashSet<PersonKey> = order.iter().cloned().collect();
        let mut others: Vec<PersonKey> = parts
            .iter()
            .skip(1)
            .flat_map(HashMap::keys)
            .filter(|key| !first.contains(*key))
            .cloned()
            .collect();
        others.sort_unstable();
        others.dedup();
        order.extend(others);
        for (key, place) in order.into_iter().zip(0u32..) {
            self.is_repeated(&key);
            let missing: Vec<&str> = parts
                .iter()
                .zip(&reading.endpoints)
                .filter(|(part, _)| !part.contains_key(&key))
                .map(|(_, endpoint)| endpoint.name.as_str())
                .collect();
            if !missing.is_empty() {
                let text = format!(
                    "there is no record with the key `{key}` in `{}`; the person is left alone",
                    missing.join("`, `")
                );
                self.joined.findings.push(Finding {
                    person: Some(key),
                    kind: FindingKind::Record,
                    text,
                });
                continue;
            }
            let mut whole: Option<Columns<'_>> = None;
            for json in parts.iter().filter_map(|part| part.get(&key)) {
                // Written by `to_json` a moment ago.
                let Ok(columns) = reading.projection.read(json.as_bytes()) else {
                    continue;
                };
                match &mut whole {
                    Some(whole) => whole.complete_with(&columns),
                    None => whole = Some(columns),
                }
            }
            let Some(columns) = whole else { continue };
            let hash = reading.projection.hash(columns.to_json().as_bytes());
            match self.known.place(&key) {
                Some(at)
                    if self
                        .known
                        .at(at)
                        .is_some_and(|record| record.hash == hash && !record.gone) =>
                {
                    self.joined.unchanged.push((place, at));
                    count_filled(
                        &mut self.joined.filled,
                        self.known.at(at).map_or(0, |record| record.filled),
                    );
                }
                _ => self.person(key, &columns, hash, place, keep),
            }
        }
    }
}

impl Reading {
    /// Maps a person's columns; what cannot be mapped is a finding.
    fn map(
        &self,
        key: PersonKey,
        columns: &Columns<'_>,
        hash: RecordHash,
        now: Timestamp,
        builder: &mut AttributesBuilder,
    ) -> Result<(Profile, u64), Finding> {
        let name = |index: AttributeIndex| {
            self.dictionary
                .name(index)
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        self.mapping
            .map(key.clone(), columns, hash, now, builder, &name)
            .map(|mapped| (mapped.profile, mapped.filled))
            .map_err(|error| Finding {
                person: Some(key),
                kind: FindingKind::Record,
                text: error.to_string(),
            })
    }

    /// Maps people again from their remembered columns. Each comes with a place of the caller's.
    pub fn map_again<'r>(
        &self,
        remembered: impl Iterator<Item = (u32, PersonKey, RecordHash, &'r str)>,
        now: Timestamp,
        findings: &mut Vec<Finding>,
    ) -> Vec<(u32, Profile)> {
        let mut builder = AttributesBuilder::new();
        let mut profiles = Vec::new();
        for (place, key, hash, columns) in remembered {
            match self.projection.read(columns.as_bytes()) {
                Err(error) => {
                    findings.push(Finding {
                        person: Some(key),
                        kind: FindingKind::Record,
                        text: error.to_string(),
                    });
                }
                Ok(columns) => match self.map(key, &columns, hash, now, &mut builder) {
                    Ok((profile, _)) => profiles.push((place, profile)),
                    Err(finding) => findings.push(finding),
                },
            }
        }
        profiles
    }
}

pub(crate) fn count_filled(counts: &mut [u64], bits: u64) {
    for (place, count) in counts.iter_mut().enumerate() {
        *count += (bits >> place) & 1;
    }
}

/// Why a value is no key. The value is left out: findings are kept, and what is no key may be anything of a person.
fn unusable(source: &str, key: &str) -> String {
    let key = key.trim();
    if key.is_empty() {
        format!("`{source}` has only spaces")
    } else if key.len() > PersonKey::MAX_LENGTH {
        format!(
            "`{source}` has {} bytes, and a key has {} at most",
            key.len(),
            PersonKey::MAX_LENGTH
        )
    } else {
        format!("`{source}` has a line break or another control character, which a key cannot have")
    }
}

/// The names of the columns that have a value, for findings: whoever looks for the record finds it by its place, and
/// its values are nobody's business there.
fn what_it_has(columns: &Columns<'_>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<_> = columns.filled().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return "nor has any other column that is read".to_owned();
    }
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.get(..SHOWN).unwrap_or(&names).join(", ");
    if more > 0 {
        format!("only {shown} and {more} more have")
    } else {
        format!("only {shown} {}", if names.len() == 1 { "has" } else { "have" })
    }
}
