//! Joining a part: of what came, the latest of each counts; whoever did not come is as they were; and what leaves a
//! doubt is named, so that everything is fetched instead.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use crate::expression::{Evaluated, Scope};
use crate::join::{FetchedRecord, Join, Joined, Known, Reading, count_filled};
use crate::plan::{Finding, FindingKind};
use crate::profile::{PersonKey, RecordHash};
use crate::record::Columns;

/// A record that says that somebody was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// By what the source knows the record: the column `id`, or the key.
    pub id: String,
}

/// The latest record of each, while they come.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    came: Vec<Came>,
    /// The place of the latest, by what the source knows the record by.
    last: HashMap<String, usize>,
}

#[derive(Debug)]
struct Came {
    place: u32,
    id: String,
    what: What,
}

#[derive(Debug)]
enum What {
    Record {
        key: PersonKey,
        hash: RecordHash,
        columns: String,
    },
    Removed,
}

impl Join<'_> {
    /// Keeps a record of a part until all have come.
    pub(crate) fn keep_latest(&mut self, raw: &[u8], place: u32) {
        let reading = self.reading;
        let removed = match reading.says_removed(raw) {
            Ok(removed) => removed,
            Err(problem) => return self.unreadable(0, place, &problem),
        };
        let came = if removed {
            self.joined.records -= 1;
            let Some(id) = self.removed_id(raw) else {
                self.joined.doubt(format!(
                    "record {} says that somebody was removed, and not who",
                    place + 1
                ));
                return;
            };
            Came {
                place,
                id,
                what: What::Removed,
            }
        } else {
            let Some((columns, key)) = self.keyed(0, raw, place) else {
                return;
            };
            let id = match reading.id_of(&columns) {
                None => key.as_str().to_owned(),
                Some(Ok(id)) => id,
                Some(Err(problem)) => return self.unreadable(0, place, &problem),
            };
            self.watch(&columns);
            Came {
                place,
                id,
                what: What::Record {
                    hash: reading.projection.hash(raw),
                    columns: columns.to_json(),
                    key,
                },
            }
        };
        if let Some(latest) = &mut self.latest {
            latest.last.insert(came.id.clone(), latest.came.len());
            latest.came.push(came);
        }
    }

    fn removed_id(&self, raw: &[u8]) -> Option<String> {
        let columns = self.reading.projection.read(raw).ok()?;
        match self.reading.id_of(&columns) {
            Some(id) => id.ok(),
            None => match self
                .reading
                .endpoints
                .first()?
                .key
                .evaluate(&Scope::of_names(&columns))
            {
                Ok(Evaluated::Values(mut values)) if values.len() == 1 => values.pop(),
                _ => None,
            },
        }
    }

    /// Takes the latest of each.
    pub(crate) fn take_part(&mut self, latest: Latest, keep: &mut dyn FnMut(FetchedRecord)) {
        let Latest { came, last } = latest;
        let mut keys = HashSet::new();
        self.joined.records = 0;
        let reading = self.reading;
        for (at, Came { place, id, what }) in came.into_iter().enumerate() {
            if last.get(&id) != Some(&at) {
                continue;
            }
            let (key, hash, columns) = match what {
                What::Removed => {
                    self.joined.removed.push(Removed { id });
                    continue;
                }
                What::Record { key, hash, columns } => (key, hash, columns),
            };
            self.joined.records += 1;
            if !keys.insert(key.clone()) {
                self.joined
                    .doubt(format!("several different records have the key `{key}`"));
                continue;
            }
            if let Some(known) = self.known.by_hash.get(&hash).copied() {
                self.unchanged(known, place);
                continue;
            }
            // Written by `to_json` a moment ago.
            let Ok(columns) = reading.projection.read(columns.as_bytes()) else {
                continue;
            };
            let _ = self.is_repeated(&key);
            self.joined.ids.push((key.clone(), id));
            self.person(key, &columns, hash, place, keep);
        }
        if self.joined.keyless > 0 {
            let records = self.joined.keyless;
            self.joined
                .doubt(format!("{records} record(s) that changed have no usable key"));
        }
    }
}

impl Reading {
    /// Whether a record only says that somebody was removed.
    pub(crate) fn says_removed(&self, raw: &[u8]) -> Result<bool, String> {
        let Some(removed) = self.parts.as_ref().and_then(|parts| parts.removed.as_ref()) else {
            return Ok(false);
        };
        let record: &RawValue = serde_json::from_slice(raw).map_err(|error| error.to_string())?;
        removed
            .holds(&Scope::new().with_value("record", record))
            .map_err(|error| error.to_string())
    }

    /// By what the source itself knows a record; none when that is its key.
    pub fn id_of(&self, columns: &Columns<'_>) -> Option<Result<String, String>> {
        let id = self.parts.as_ref()?.id.as_ref()?;
        Some(match id.evaluate(&Scope::of_names(columns)) {
            Ok(Evaluated::Values(mut values)) if values.len() == 1 => Ok(values.pop().unwrap_or_default()),
            Ok(_) => Err(format!("`{}` has not one value", id.source())),
            Err(error) => Err(error.to_string()),
        })
    }
}

impl Joined {
    pub(crate) fn doubt(&mut self, why: String) {
        self.doubt.get_or_insert(why);
    }

    /// Compares what came in a part with how the source knew people before: `stored` are the keys that it had given
    /// to the records with these ids. Whoever was removed is gone from here on, and everybody else who did not come is
    /// as they were.
    pub fn settle(&mut self, known: &Known, has_ids: bool, stored: &HashMap<String, PersonKey>) {
        if has_ids {
            self.compare_ids(known, stored);
        }
        let came: HashSet<PersonKey> = self.ids.iter().map(|(key, _)| key.clone()).collect();
        let mut gone = HashSet::new();
        for removed in std::mem::take(&mut self.removed) {
            let key = if has_ids {
                stored.get(&removed.id).cloned()
            } else {
                PersonKey::new(&removed.id)
            };
            // Somebody who never was here, or is again under another record.
            let Some(at) = key.as_ref().and_then(|key| known.place(key)) else {
                continue;
            };
            let Some(key) = key.filter(|key| !came.contains(key)) else {
                continue;
            };
            if known.at(at).is_some_and(|record| !record.gone) {
                gone.insert(at);
                self.findings.push(Finding {
                    person: Some(key),
                    kind: FindingKind::Notice,
                    text: format!("the source says that the record `{}` was removed", removed.id),
                });
            }
        }
        let mut place = u32::try_from(self.records).unwrap_or(u32::MAX);
        for ((record, seen), at) in known.records().iter().zip(&mut self.seen).zip(0u32..) {
            if *seen || record.gone || gone.contains(&at) {
                continue;
            }
            *seen = true;
            self.carried += 1;
            self.unchanged.push((place, at));
            place = place.saturating_add(1);
            count_filled(&mut self.filled, record.filled);
        }
    }

    /// A record that has another key now, or a key that another record had, is more than a part can tell.
    fn compare_ids(&mut self, known: &Known, stored: &HashMap<String, PersonKey>) {
        let here = |key: &PersonKey| {
            let place = known.place(key).and_then(|at| known.at(at));
            place.is_some_and(|record| !record.gone)
        };
        let doubt = self.ids.iter().find_map(|(key, id)| match stored.get(id) {
            Some(before) if before != key && here(before) => Some(format!(
                "the record `{id}` had the key `{before}` and has the key `{key}` now"
            )),
            None if here(key) => Some(format!(
                "the record `{id}` has the key `{key}`, which another record had"
            )),
            _ => None,
        });
        if let Some(doubt) = doubt {
            self.doubt(doubt);
        }
    }

    /// How many records there are, those that did not come because they are as they were included.
    pub fn present(&self) -> u64 {
        self.records + self.carried
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_source;
    use crate::document::load;
    use crate::fetching::Extent;
    use crate::join::KnownRecord;

    fn reading() -> Reading {
        let text = r#"
kind: application
name: hr
endpoints:
  - name: people
    url: https://hr.example.com/delta
    records: $.value[*]
    incremental: { delta_link: $.delta, id: id, removed: "record['@removed']" }
---
kind: data_source
name: people
application: hr
endpoints: [{ endpoint: people, primary_key: number }]
attributes: { employeeID: number, mail: mail, sn: name }
"#
        .to_owned();
        let (documents, problems) = load(&[("hr.yaml".to_owned(), text)]);
        assert!(problems.is_empty(), "{problems:?}");
        compile_source(&documents, "people").unwrap()
    }

    fn key(text: &str) -> PersonKey {
        PersonKey::new(text).unwrap()
    }

    fn raw(id: &str, number: &str, name: &str) -> String {
        format!(r#"{{"id":"{id}","number":"{number}","name":"{name}"}}"#)
    }

    /// 1 to 4 are known by the ids a to d; 4 is gone.
    fn known(reading: &Reading) -> Known {
        let people = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")];
        Known::new(
            people
                .map(|(id, number)| KnownRecord {
                    key: key(number),
                    hash: reading.projection.hash(raw(id, number, "old").as_bytes()),
                    filled: 0b101,
                    gone: number == "4",
                })
                .into(),
        )
    }

    fn part(records: &[String]) -> (Joined, Vec<FetchedRecord>) {
        let reading = reading();
        let known = known(&reading);
        let now = "2026-01-05T08:00:00Z".parse().unwrap();
        let mut join = Join::new(&reading, &known, now).with_extent(Extent::Part, None);
        let mut kept = Vec::new();
        for record in records {
            join.record(0, record.as_bytes(), &mut |_| panic!("kept before the end"));
        }
        let mut joined = join.finish(&mut |record| kept.push(record));
        let stored = [("a", "1"), ("b", "2"), ("c", "3")]
            .map(|(id, number)| (id.to_owned(), key(number)))
            .into();
        joined.settle(&known, true, &stored);
        (joined, kept)
    }

    fn removed(id: &str) -> String {
        format!(r#"{{"id":"{id}","@removed":{{"reason":"deleted"}}}}"#)
    }

    #[test]
    fn who_did_not_come_is_as_they_were_and_who_was_removed_is_not() {
        let (joined, kept) = part(&[
            raw("a", "1", "new"),
            raw("a", "1", "newer"),
            removed("b"),
            removed("z"),
        ]);
        assert_eq!(joined.doubt, None);
        assert_eq!(joined.seen, [true, false, true, false]);
        assert_eq!((joined.records, joined.carried, joined.present()), (1, 1, 2));
        assert_eq!(joined.filled, [2, 0, 2]);
        assert_eq!(kept.len(), 1);
        assert!(kept[0].columns.contains("newer"));
        let said: Vec<_> = joined
            .findings
            .iter()
            .map(|finding| finding.text.as_str())
            .collect();
        assert_eq!(said, ["the source says that the record `b` was removed"]);
    }

    #[test]
    fn nothing_at_all_is_no_trouble() {
        let (joined, _) = part(&[]);
        assert_eq!((joined.records, joined.carried, joined.doubt), (0, 3, None));
        assert_eq!(joined.filled, [3, 0, 3]);
    }

    #[test]
    fn the_last_word_on_a_record_counts() {
        let (back, _) = part(&[removed("b"), raw("b", "2", "back")]);
        assert_eq!((back.seen, back.doubt), (vec![true, true, true, false], None));
        let (gone, kept) = part(&[raw("b", "2", "last"), removed("b")]);
        assert_eq!((gone.seen, kept.len()), (vec![true, false, true, false], 0));
        // Somebody new takes the place of somebody who was gone.
        let (new, _) = part(&[raw("e", "4", "again")]);
        assert_eq!((new.seen, new.doubt), (vec![true; 4], None));
    }

    #[test]
    fn what_a_part_cannot_tell_is_a_doubt() {
        let doubt = |records: &[String]| part(records).0.doubt.unwrap_or_default();
        insta::assert_snapshot!(doubt(&[raw("a", "9", "x")]), @"the record `a` had the key `1` and has the key `9` now");
        insta::assert_snapshot!(doubt(&[raw("z", "1", "x")]), @"the record `z` has the key `1`, which another record had");
        insta::assert_snapshot!(doubt(&[raw("y", "9", "x"), raw("z", "9", "y")]), @"several different records have the key `9`");
        insta::assert_snapshot!(doubt(&[r#"{"id":"a","name":"x"}"#.to_owned()]), @"1 record(s) that changed have no usable key");
        insta::assert_snapshot!(doubt(&[r#"{"@removed":{"reason":"deleted"}}"#.to_owned()]), @"record 1 says that somebody was removed, and not who");
    }
}
